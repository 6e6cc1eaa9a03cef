"""What a person should know about a camera's pictures although they are fresh: rules without a clock of their own."""

from __future__ import annotations

from collections import deque
from typing import Final

_BLACK, _WHITE = 10.0, 245.0  # mean brightness, 0 … 255
_ONE_COLOUR = 6.0  # standard deviation of the brightness; a scene has 20 and more
_LOOK_S: Final = 1.0  # a hand in front of the lens is nothing to tell

_WINDOW_S: Final = 5.0
_SAMPLE_S: Final = 0.1
_MANY, _FEW = 0.10, 0.05
_LEAST = 3  # a single damaged picture is no share


class Exposure:
    """Notices pictures that are black, white or of one colour for a while."""

    def __init__(self, camera: str) -> None:
        """Begin with good pictures.

        Args:
            camera: The camera's name, for the words.
        """
        self._camera = camera
        self._words = ""
        self._since_s = 0.0

    def see(self, now_s: float, mean: float, deviation: float) -> str:
        """Return the words for a person, or nothing.

        Args:
            now_s: The time [s].
            mean: Mean brightness of the newest picture, 0 … 255.
            deviation: Standard deviation of its brightness.
        """
        words = self._look(mean, deviation)
        if words != self._words:
            self._words, self._since_s = words, now_s
        return words if now_s - self._since_s >= _LOOK_S else ""

    def _look(self, mean: float, deviation: float) -> str:
        if mean < _BLACK:
            return f"camera '{self._camera}': its pictures are black: is the lens covered, or the light off?"
        if mean > _WHITE:
            return (
                f"camera '{self._camera}': its pictures are white: is there too much light, or is its exposure stuck?"
            )
        if deviation < _ONE_COLOUR:
            return f"camera '{self._camera}': its pictures show one colour: is the lens covered?"
        return ""


class CorruptShare:
    """Notices when a tenth of the pictures of the last seconds was damaged."""

    def __init__(self, camera: str) -> None:
        """Begin without pictures.

        Args:
            camera: The camera's name, for the words.
        """
        self._camera = camera
        self._samples: deque[tuple[float, int, int]] = deque()
        self._many = False

    def see(self, now_s: float, frames: int, corrupt: int) -> str:
        """Return the words for a person, or nothing.

        Args:
            now_s: The time [s].
            frames: Good pictures so far.
            corrupt: Damaged pictures so far.
        """
        samples = self._samples
        if not samples or now_s - samples[-1][0] >= _SAMPLE_S:
            samples.append((now_s, frames, corrupt))
        while len(samples) > 1 and now_s - samples[1][0] >= _WINDOW_S:
            samples.popleft()
        bad = corrupt - samples[0][2]
        share = bad / max(1, bad + frames - samples[0][1])
        self._many = share >= _FEW if self._many else share >= _MANY and bad >= _LEAST
        if not self._many:
            return ""
        return (
            f"camera '{self._camera}': more than {_MANY:.0%} of its pictures in {_WINDOW_S:g} s are damaged:"
            " try a shorter cable, another USB port without a hub, or a smaller size"
        )
