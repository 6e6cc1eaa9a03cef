"""Which source a capture process takes its pictures from."""

from __future__ import annotations

from bt_robot.robot.cameras.settings import (
    CapturedSettings,
    OpenCvCameraSettings,
    ScriptedCameraSettings,
    VideoCameraSettings,
)
from bt_robot.robot.cameras.sources import Complaints, Source, Wait


def source_for(settings: CapturedSettings, wait: Wait, complaints: Complaints) -> Source:
    """Return the source that the settings describe.

    Args:
        settings: Which camera.
        wait: How a source waits.
        complaints: Returns and forgets what native libraries wrote to stderr.
    """
    # OpenCV takes 100 ms to load: only the process that needs it pays for it.
    if isinstance(settings, OpenCvCameraSettings):
        from bt_robot.robot.cameras.opencv_source import OpenCvSource

        return OpenCvSource(settings, complaints)
    if isinstance(settings, VideoCameraSettings):
        from bt_robot.robot.cameras.video_source import VideoSource

        return VideoSource(settings, wait)
    assert isinstance(settings, ScriptedCameraSettings)
    from bt_robot.robot.cameras.scripted_source import ScriptedSource

    return ScriptedSource(settings, wait, complaints)
