"""A view at an address, with the page's files and whoever guards it."""

from __future__ import annotations

from bt_robot.errors import UsageError
from bt_robot.messages.steering import Steering
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.view.album import Album
from bt_robot.telemetry.view.security import Guard
from bt_robot.telemetry.view.server import ViewServer
from bt_robot.telemetry.view.site import load_site
from bt_robot.telemetry.view.told import About


def open_view(
    about: About,
    address: Address,
    token: str,
    *,
    album: Album | None = None,
    steering: Steering | None = None,
    control: bool = False,
    live: bool = True,
    patient: bool = False,
) -> ViewServer:
    """Start a server; where nobody chose its port and that is taken, any other one will do.

    Args:
        about: The run.
        address: Where to listen.
        token: The secret of the link; empty for none.
        album: The run's pictures.
        steering: What can be done to it; None for a recording.
        control: Whether pages may do more than stop it.
        live: Whether it goes on now.
        patient: Whether the run waits for the view.

    Raises:
        UsageError: The address can't be listened on.
    """
    guard, site = Guard(address.host, token), load_site()

    def serve(port: int) -> ViewServer:
        return ViewServer(
            about,
            site,
            guard,
            host=address.host,
            port=port,
            album=album,
            steering=steering,
            control=control,
            live=live,
            patient=patient,
        )

    try:
        return serve(address.port)
    except UsageError:
        if address.chosen:
            raise
        return serve(0)
