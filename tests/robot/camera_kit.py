"""What the camera tests share: pictures, videos, a live camera in the network, made-up devices, patient waiting."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from bt_robot.robot.cameras.captured import CapturedCamera
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, Step

WIDTH, HEIGHT = 64, 48
WAIT_S = 60.0  # only ever waited for when a test fails


def until(done, what="it did not happen"):
    """Wait until something is so; return what made it so."""
    end_s = time.monotonic() + WAIT_S
    while not (result := done()):
        assert time.monotonic() < end_s, what
        time.sleep(0.005)
    return result


def watch(camera, wanted):
    """Ask a camera for its condition, as the control loop does, until it is as wanted; return it."""

    def look():
        condition = camera.condition(time.monotonic())
        return condition if wanted(condition) else None

    return until(look, f"last seen: {camera.condition(time.monotonic())}")


def scripted(name="wrist", *steps, **settings):
    return CapturedCamera(name, ScriptedCameraSettings(script=tuple(steps), **settings))


def play(camera):
    camera.tell(Step("play"))


def picture(number, width=WIDTH, height=HEIGHT):
    """A picture that differs from those with other numbers."""
    x = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    image = x.astype(np.uint8)
    place = 4 * (number % (width // 4))
    image[height // 4 : height // 2, place : place + 4] = (250, 30, 30)
    return image


def jpeg_of(image):
    return cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes()


def write_video(path, count=30, width=WIDTH, height=HEIGHT, fps=30.0, fourcc="MJPG"):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (width, height))
    assert writer.isOpened()
    for number in range(count):
        writer.write(picture(number, width, height)[:, :, ::-1])
    writer.release()
    return str(path)


def device_tree(root, *cameras):
    """Make folders as Linux has them for cameras: (number, name, by-id name, by-path name, index)."""
    for folder in ("dev/v4l/by-id", "dev/v4l/by-path", "sys/class/video4linux"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number, name, by_id, by_path, index in cameras:
        (root / f"dev/video{number}").touch()
        about = root / f"sys/class/video4linux/video{number}"
        about.mkdir()
        (about / "name").write_text(name + "\n")
        (about / "index").write_text(f"{index}\n")
        for kind, link in (("by-id", by_id), ("by-path", by_path)):
            if link:
                (root / f"dev/v4l/{kind}/{link}").symlink_to(f"../../video{number}")
    return root


class MjpegServer:
    """A camera in the network, which OpenCV opens as it opens any; it can fall silent, and go away."""

    def __init__(self, width=WIDTH, height=HEIGHT, period_s=1 / 30):
        self.width, self.height, self.period_s = width, height, period_s
        self.silent = threading.Event()
        self.gone = threading.Event()
        self.connections = 0
        self.port = 0
        self.change = lambda data: data
        self._server = self._thread = None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/stream"

    def start(self):
        self.gone.clear()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                camera.connections += 1
                camera.stream(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stream(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        number = 0
        try:
            while not self.gone.wait(self.period_s):
                if self.silent.is_set():
                    continue
                data = self.change(jpeg_of(picture(number, self.width, self.height)))
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                handler.wfile.write(head + data + b"\r\n")
                number += 1
        except OSError:
            pass  # the other end went away

    def stop(self):
        """Unplug it."""
        self.gone.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
