"""Camera frames whose pictures were taken already, or were not kept."""

from __future__ import annotations

from bt_robot.messages import Frame, Image


class KeptFrame(Frame):
    """A frame of which a JPEG is known, or nothing but when it was captured.

    Attributes:
        jpeg: The picture; None where none was taken of this frame.
    """

    __slots__ = ("jpeg",)

    def __init__(self, camera: str, captured_s: float, jpeg: bytes | None) -> None:
        """Keep a picture."""
        super().__init__(camera, captured_s, self._decoded)
        self.jpeg = jpeg

    def _decoded(self) -> Image:
        if self.jpeg is None:
            raise ValueError(f"this picture of the camera '{self.camera}' was not kept")
        from bt_robot.telemetry.jpeg import decode_jpeg  # whoever only passes pictures on needs no OpenCV

        return decode_jpeg(self.jpeg)
