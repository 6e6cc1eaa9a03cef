"""Puts one question to an endpoint and waits for what comes of it; for threads that have time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from bt_robot.errors import EndpointError, EndpointRefusal, EndpointTimeout, EndpointUnavailable
from bt_robot.language_model.endpoint import Endpoint
from bt_robot.language_model.yes_no import FORM_WISH, WORD_WISH, Opinion, put, read_form, read_word
from bt_robot.messages import Frame, Question

logger = logging.getLogger(__name__)

Answers = Literal["auto", "word", "form"]

NO_LOGPROBS: Final = "it tells no log-probabilities, so how sure it is will not be known"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a question.

    Attributes:
        opinion: The opinion, or why there is none.
        trouble: What is wrong with the endpoint; empty while it answers.
        remark: What a person should know about the endpoint; may be empty.
        timed_out: Whether the time was over before it answered.
        retry_in_s: How long it wants to be left alone [s].
    """

    opinion: Opinion
    trouble: str = ""
    remark: str = ""
    timed_out: bool = False
    retry_in_s: float = 0.0


class Asker:
    """Knows how an endpoint wants to be asked; it finds that out with the first question."""

    def __init__(self, opening: Callable[[], Endpoint], answers: Answers, longest_px: int, quality: int) -> None:
        """Prepare; nothing is opened before `open`, or the first question.

        Args:
            opening: Gives who is asked.
            answers: `word`: by the likelihood of the first word; `form`: in a fixed form; `auto`: by the word, unless
                the endpoint can't tell its likelihood.
            longest_px: The longer side of the pictures that are sent [px].
            quality: Of the JPEG files, 1 … 100.
        """
        self._opening = opening
        self._opened: Endpoint | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._by_word = answers != "form"
        self._may_change = answers == "auto"
        self._longest_px = longest_px
        self._quality = quality

    def open(self) -> Endpoint:
        """Return who is asked.

        Raises:
            EndpointError: It could not be opened.
            UsageError: Its address can't be used.
        """
        with self._lock:
            if self._closed:
                raise EndpointUnavailable("the run is over")
            if self._opened is None:
                self._opened = self._opening()
            return self._opened

    def close(self) -> None:
        """End what is under way; nothing is asked any more."""
        self._closed = True
        if self._opened is not None:
            self._opened.close()

    def find_out(self, question: Question) -> Finding:
        """Ask and wait; never raises."""
        try:
            return self._find_out(question)
        except EndpointTimeout as error:
            return Finding(Opinion(None, reason=str(error)), str(error), timed_out=True)
        except EndpointError as error:
            retry_in_s = error.retry_in_s if isinstance(error, EndpointRefusal) else 0.0
            return Finding(Opinion(None, reason=str(error)), str(error), retry_in_s=retry_in_s)
        except Exception as error:  # a picture that can't be made; the thread must come to an end all the same
            logger.exception("a question could not be put")
            words = f"the question could not be put: {type(error).__name__}: {error}"
            return Finding(Opinion(None, reason=words), words)

    def _find_out(self, question: Question) -> Finding:
        endpoint = self.open()
        pictures = tuple(
            (f"camera '{frame.camera}' {when}", self._encoded(frame))
            for when, frames in (("earlier", question.before), ("now", question.now))
            for frame in frames
        )
        if self._by_word:
            opinion = self._by_its_word(endpoint, question.text, pictures)
            if not (opinion.no_logprobs and self._may_change):
                return Finding(opinion)
            self._by_word = False
            remark = f"{endpoint}: {NO_LOGPROBS}"
        else:
            remark = ""
        said = endpoint.ask(put(question.text, pictures, by_word=False), FORM_WISH)
        return Finding(read_form(said), remark=remark)

    def _by_its_word(self, endpoint: Endpoint, text: str, pictures: tuple[tuple[str, str], ...]) -> Opinion:
        try:
            return read_word(endpoint.ask(put(text, pictures, by_word=True), WORD_WISH))
        except EndpointRefusal as error:
            if error.status == 400 and "logprob" in error.said.lower():
                return Opinion(None, reason=error.said, no_logprobs=True)
            raise

    def _encoded(self, frame: Frame) -> str:
        from bt_robot.language_model.pictures import data_url  # OpenCV is slow to import, and a check needs none of it

        return data_url(frame.image, self._longest_px, self._quality)
