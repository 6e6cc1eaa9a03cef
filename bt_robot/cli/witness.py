"""The process that is told of a run: started for its files and for its page, and ended with it."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bt_robot.cli.live_view import link_to, secret
from bt_robot.cli.record import files_of, max_waiting, picture_hz, told_trees

if TYPE_CHECKING:
    from bt_robot.cli.session import Session
    from bt_robot.cli.watching import TreeOf
    from bt_robot.messages import TickRecord
    from bt_robot.messages.steering import Steering
    from bt_robot.telemetry.recorder import RecordedEnding
    from bt_robot.telemetry.witness.client import WitnessClient


class RunWitness:
    """A sink that has a run recorded, and shown to web pages.

    Attributes:
        link: What to open in a browser; empty if no page is wanted.
    """

    def __init__(self, client: WitnessClient, session: Session, arguments: argparse.Namespace) -> None:
        """Speak to a witness of a run."""
        self.link = ""
        self._client = client
        self._session = session
        self._arguments = arguments

    @property
    def shows(self) -> bool:
        """Whether there is a page to look at."""
        return bool(self.link) and self._client.there

    def show(self, steering: Steering) -> None:
        """Show the run to web pages, and say where.

        Args:
            steering: What can be done to it.

        Raises:
            UsageError: The address can't be listened on.
        """
        from bt_robot.telemetry.view.told import About
        from bt_robot.telemetry.witness.words import ViewOrder

        job, arguments = self._session.job, self._arguments
        limits, cameras = self._session.plans.limits, tuple(job.settings.robot.cameras)
        about = About(job.spec.name, limits, job.settings.control_hz, cameras)
        token = secret(arguments.view, arguments.token, control=arguments.control)
        port = self._client.show(ViewOrder(about, arguments.view, token, arguments.control), steering)
        self.link = link_to(arguments.view.host, port, token)
        arguments.stderr.write(f"view: {self.link}\n")

    def record_into(self, folder: Path) -> None:
        """Have the run recorded into its folder."""
        for order in files_of(self._session, self._arguments, folder):
            self._client.order(order)

    def publish(self, record: TickRecord) -> None:
        """Tell of a tick."""
        self._client.publish(record)

    def end(self, ending: RecordedEnding) -> None:
        """Say how the run ended, and wait a moment for its files."""
        self._client.end(ending)
        self._client.finish()


@contextmanager
def witness(
    session: Session, arguments: argparse.Namespace, tree_of: TreeOf, steering: Steering
) -> Generator[RunWitness | None]:
    """Start a run's witness, if anything is to be told; its page is there when this returns.

    Args:
        session: The run, ready to begin.
        arguments: The flags of the run.
        tree_of: Finds the tree whose nodes a tick tells of.
        steering: What pages can do to the run.

    Raises:
        UsageError: The page's address can't be listened on.
    """
    if arguments.no_artifacts and arguments.view is None:
        yield None
        return
    from bt_robot.telemetry.witness.client import WitnessClient

    told = told_trees(session, arguments, tree_of)
    joints = session.plans.limits.names
    client = WitnessClient(told, joints, picture_hz(arguments), max_waiting(session), patient=arguments.fast)
    try:
        run_witness = RunWitness(client, session, arguments)
        if arguments.view is not None:
            run_witness.show(steering)
        yield run_witness
    finally:
        client.close()
