"""The other side of `benchmarks.policy_wire`: run by the Python that has openpi-client, asked by lines of JSON.

Each line is a command, each answer a line: {"encode": n} and {"decode": n} answer with the seconds that each of n
rounds took, {"resize": [from, to]} reads a picture from a file and writes the resized one into another.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from openpi_client import image_tools, msgpack_numpy

SIDE_PX = 224


def main() -> None:
    """Answer until there are no more commands."""
    folder = Path(sys.argv[1])
    front, wrist = np.load(folder / "front.npy"), np.load(folder / "wrist.npy")
    state, reply = np.load(folder / "state.npy"), (folder / "reply.msgpack").read_bytes()
    packer = msgpack_numpy.Packer()

    def picture(image):
        return image_tools.convert_to_uint8(image_tools.resize_with_pad(image, SIDE_PX, SIDE_PX))

    def encode():
        fields = {
            "observation/image": picture(front),
            "observation/wrist_image": picture(wrist),
            "observation/state": state,
            "prompt": "pick up the red block",
        }
        return packer.pack(fields)

    def decode():
        return msgpack_numpy.unpackb(reply)

    rounds = {"encode": encode, "decode": decode}
    for line in sys.stdin:
        ((command, argument),) = json.loads(line).items()
        if command == "resize":
            source, target = argument
            np.save(target, picture(np.load(source)))
            answer = "done"
        elif command == "bytes":
            answer = len(encode())
        else:
            answer = []
            for _ in range(argument):
                began_s = time.perf_counter()
                rounds[command]()
                answer.append(time.perf_counter() - began_s)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
