"""Recorded chat endpoints for tests: a script of answers, served over a real socket by another process."""

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bt_robot.messages import Frame

SERVER = Path(__file__).with_name("chat_server.py")


@dataclass
class Recorded:
    """A server that plays a script."""

    url: str
    log: Path

    @property
    def requests(self):
        """What it was asked, in order."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def recorded(folder, *script):
    """Serve a script of answers; a path is a file of them."""
    if len(script) == 1 and isinstance(script[0], Path):
        path = script[0]
    else:
        path = folder / "script.jsonl"
        path.write_text("".join(json.dumps(step) + "\n" for step in script), encoding="utf-8")
    log = folder / "requests.jsonl"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-S", str(SERVER), str(path), str(log)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Recorded(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", log)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def says(text, first=None, finish="stop"):
    """Return an answer's step: the text, and the likely first words with their probabilities."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    if first is not None:
        top = [{"token": word, "logprob": float(np.log(p))} for word, p in first.items()]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return {"answer": {"object": "chat.completion", "choices": [choice]}}


def yes(p):
    """Return the step of an answer by its word, with a probability of yes."""
    return says("yes" if p > 0.5 else "no", {"Yes": p, "No": 1 - p})


def picture(camera="front", captured_s=0.0, level=128):
    """Return a frame of one grey."""
    return Frame(camera, captured_s, lambda: np.full((60, 80, 3), level, dtype=np.uint8))
