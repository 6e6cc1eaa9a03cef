"""The command `bt-serve`: the stand-in policy server alone."""

from __future__ import annotations


def main(argv: list[str] | None = None) -> int:
    """Run the server until it is told to end; return the exit code.

    Args:
        argv: The command line without the program's name; the process's own by default.
    """
    from bt_robot.standin.__main__ import main as serve

    return serve(argv)
