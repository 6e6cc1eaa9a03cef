"""The vision-language model of a run: made from the config, opened when it is first asked."""

from __future__ import annotations

from bt_robot.child import Child
from bt_robot.cli.model_settings import STANDIN, VlmSettings
from bt_robot.cli.settings import RunSettings
from bt_robot.errors import EndpointUnavailable, StartRefused
from bt_robot.language_model.asking import Asker
from bt_robot.language_model.endpoint import Endpoint
from bt_robot.language_model.judge import ModelJudge, Pace
from bt_robot.language_model.transport import Limits
from bt_robot.policy.connection.access import Access

_ARGUMENTS = ("--port", "0", "--with-parent")
_ANSWER_BYTES = 200_000  # twenty likely words take 2 kB; some servers tell more than they are asked for


class RunJudge(ModelJudge):
    """A judge that ends the stand-in, if it has started one, when it is closed."""

    def __init__(self, settings: VlmSettings, pace: Pace) -> None:
        """Prepare; nothing is opened or started before the first question.

        Args:
            settings: The config's section.
            pace: When answers become visible.

        Raises:
            UsageError: The API key or the CA file can't be used.
        """
        self._settings = settings
        self._access = Access.read(settings.api_key_env, settings.ca_file, "vlm")
        self._child: Child | None = None
        asker = Asker(self._open, settings.answers, settings.picture_px, settings.jpeg_quality)
        super().__init__(asker, settings.timeout_s, pace)
        if settings.url != STANDIN:
            asker.open()  # what is wrong with the address is told before anything moves

    def _open(self) -> Endpoint:
        """Return the endpoint; start the stand-in first if it is meant, and wait for it.

        Raises:
            EndpointUnavailable: The stand-in did not start.
        """
        settings, url = self._settings, self._settings.url
        if url == STANDIN:
            self._child = Child("the stand-in judge", "bt_robot.standin.chat", _ARGUMENTS, StartRefused)
            try:
                self._child.start()
                url = self._child.greeting["url"]
            except StartRefused as error:
                raise EndpointUnavailable(str(error)) from error
        limits = Limits(settings.connect_timeout_s, settings.timeout_s, _ANSWER_BYTES)
        return Endpoint(url, settings.model, limits, self._access)

    def close(self) -> None:
        """End what is under way, and the stand-in; allowed at any time, any number of times."""
        super().close()
        if self._child is not None:
            self._child.stop()


def judge_of(settings: RunSettings, *, fast: bool) -> RunJudge | None:
    """Return the judge of a run; None if the config has no model.

    Args:
        settings: The config.
        fast: Whether the run waits in wall time for answers that are due on its own clock.

    Raises:
        UsageError: The API key or the CA file can't be used.
    """
    vlm = settings.vlm
    if vlm is None:
        return None
    return RunJudge(vlm, Pace() if settings.real_time else Pace(vlm.simulated_latency_s, wait=fast))
