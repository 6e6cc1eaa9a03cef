"""Where a view listens when the port that it wants is taken."""

import pytest

from bt_robot.errors import UsageError
from bt_robot.telemetry.view.address import HOST, Address
from bt_robot.telemetry.view.opening import open_view
from tests.telemetry.view_kit import ABOUT


@pytest.fixture
def first():
    server = open_view(ABOUT, Address(HOST, 0), "")
    yield server
    server.close()


def test_if_the_usual_port_is_taken_another_one_will_do(first):
    second = open_view(ABOUT, Address(HOST, first.port), "")
    second.close()
    assert second.port != first.port


def test_a_port_that_somebody_chose_is_not_exchanged_for_another_one(first):
    with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{first.port} can't be listened on: .*; try another port"):
        open_view(ABOUT, Address(HOST, first.port, chosen=True), "")
