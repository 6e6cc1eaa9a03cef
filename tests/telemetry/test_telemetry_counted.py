"""One is singular, and everything else is not."""

from bt_robot.telemetry.counted import counted


def test_only_one_is_singular():
    assert [counted(count, "reconnect") for count in (0, 1, 2)] == ["0 reconnects", "1 reconnect", "2 reconnects"]
