"""A chat endpoint that stands in for a vision-language model: OpenAI's chat completions, answered by the eyewitness.

Only what `ask_vlm` uses is there: pictures as data URLs, `logprobs`, and the fixed form of an answer.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import os
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import cv2
import numpy as np

from bt_robot.messages import Image
from bt_robot.standin.eyewitness import probability

MODEL: Final = "standin-eyewitness"
MAX_REQUEST_BYTES: Final = 8_000_000
_PATH: Final = "/v1/chat/completions"


def answer(request: Any) -> dict[str, Any]:
    """Return the answer to a request.

    Raises:
        ValueError: The request is none.
    """
    try:
        content = request["messages"][-1]["content"]
        text = next(part["text"] for part in content if part["type"] == "text")
        pictures = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        newest = _decoded(pictures[-1])
    except (LookupError, TypeError, AttributeError, StopIteration) as error:
        raise ValueError("expected a question with a picture in the last message") from error
    question = re.search(r"^Question: (.*)$", text, flags=re.MULTILINE)
    yes = probability(question[1] if question else text, newest)
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    if request.get("logprobs"):
        ranked = sorted(((yes, "yes"), (1.0 - yes, "no")), reverse=True)
        likely = [{"token": token, "logprob": math.log(share)} for share, token in ranked]
        choice["logprobs"] = {"content": [{**likely[0], "top_logprobs": likely}]}
        text = ranked[0][1]
    else:
        text = json.dumps({"answer": "yes" if yes > 0.7 else "no" if yes < 0.3 else "unsure"})
    choice["message"] = {"role": "assistant", "content": text}
    return {"object": "chat.completion", "model": MODEL, "choices": [choice]}


def _decoded(url: str) -> Image:
    head, _, data = url.partition(",")
    if not head.startswith("data:image/"):
        raise ValueError("expected the picture as a data URL")
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(data), dtype=np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("the picture can't be decoded")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


class _Handler(BaseHTTPRequestHandler):
    latency_s = 0.0

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._say(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._say(404, {"error": {"message": f"no {self.path} here; the chat is at {_PATH}"}})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != _PATH or not (length.isascii() and length.isdecimal()) or int(length) > MAX_REQUEST_BYTES:
            self._say(404, {"error": {"message": f"expected a chat of at most {MAX_REQUEST_BYTES} bytes at {_PATH}"}})
            return
        try:
            said = answer(json.loads(self.rfile.read(int(length))))
        except (ValueError, RecursionError, cv2.error) as error:
            self._say(400, {"error": {"message": str(error)}})
            return
        time.sleep(self.latency_s)
        self._say(200, said)

    def _say(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main(argv: list[str] | None = None) -> int:
    """Serve until told to end; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bt_robot.standin.chat",
        description="Serve a stand-in for a vision-language model: it sees blocks in the simulation's front camera.",
    )
    parser.add_argument("--port", type=int, default=8001, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--latency-ms", type=float, default=0.0, metavar="MS", help="wait before every answer")
    # For a parent process that holds the other end of our standard input: its death closes it.
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    handler = type("Handler", (_Handler,), {"latency_s": arguments.latency_ms / 1000.0})
    try:
        server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"can't listen on port {arguments.port}: {error}; try --port 0\n")
        return 3
    with server:
        signal.signal(signal.SIGTERM, lambda signum, frame: threading.Thread(target=server.shutdown).start())
        url = f"http://127.0.0.1:{server.server_port}/v1"
        sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        if arguments.with_parent:
            threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 130
    return 0


def _end_with_input(server: ThreadingHTTPServer) -> None:
    while os.read(0, 1024):
        pass
    server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
