"""Drives PyPI's openpi-client, run by a Python that has it: reads commands as lines of JSON, answers with such lines.

Arrays travel as lists; an exception is answered as {"raised": its type, "text": its words}.
"""

import json
import sys

import numpy as np
from openpi_client import action_chunk_broker, image_tools, msgpack_numpy, websocket_client_policy


def observation(told):
    return {
        "observation.images.front": np.array(told["front"], np.uint8),
        "observation.images.wrist": np.array(told["wrist"], np.uint8),
        "observation.state": np.array(told["state"], np.float32),
        "prompt": told["prompt"],
    }


class Peer:
    def pack(self, told):
        return msgpack_numpy.Packer().pack(observation(told)).hex()

    def unpack(self, frame):
        value = msgpack_numpy.unpackb(bytes.fromhex(frame))
        return {key: item.tolist() if isinstance(item, np.ndarray) else item for key, item in value.items()}

    def resize(self, image):
        return image_tools.resize_with_pad(np.array(image, np.uint8), 224, 224).tolist()

    def connect(self, url, execute):
        self.policy = websocket_client_policy.WebsocketClientPolicy(host=url)
        self.broker = action_chunk_broker.ActionChunkBroker(self.policy, execute)
        return self.policy.get_server_metadata()

    def infer(self, told):
        return self.policy.infer(observation(told))["actions"].tolist()

    def act(self, told, count):
        """Ask the broker for the next actions, one at a time as a control loop does."""
        return [self.broker.infer(observation(told))["actions"].tolist() for _ in range(count)]

    def reset(self):
        self.broker.reset()


def main():
    peer = Peer()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            answer = getattr(peer, command)(*arguments)
        except Exception as error:  # noqa: BLE001 (whatever it is, the test wants to see it)
            answer = {"raised": type(error).__name__, "text": str(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
