"""A chat endpoint that plays a script, in a process of its own: `python chat_server.py SCRIPT LOG`.

A script is JSON lines, one for each request in turn; the last one is for all that follow:
  {"answer": {...}}                              answered with status 200
  {"status": 429, "headers": {...}, "answer": …} answered with another status
  {"raw": "…"}                                   these characters and nothing else
  {"trickle": "…", "every_s": 0.05}              one of them at a time
  {"hang_up": true}                              nothing
  {"silent": true}                               nothing, and the connection stays open
A line may have "wait_s" as well, and "request": what the recorded client asked, which is not looked at. Every
request is written to LOG as a JSON line: {"path", "headers", "body"}.
"""

import json
import os
import socketserver
import sys
import threading
import time

SCRIPT = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]  # noqa: SIM115
LOCK = threading.Lock()
COUNT = [0]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        head = []
        while (line := self.rfile.readline().decode("latin-1").rstrip("\r\n")) != "":
            head.append(line)
        if not head:
            return
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        with LOCK:
            step = SCRIPT[min(COUNT[0], len(SCRIPT) - 1)]
            COUNT[0] += 1
            with open(sys.argv[2], "a", encoding="utf-8") as log:
                said = json.loads(body) if body else None
                log.write(json.dumps({"path": head[0].split()[1], "headers": headers, "body": said}) + "\n")
        time.sleep(step.get("wait_s", 0.0))
        if step.get("silent"):
            self.rfile.read(1)
        elif "raw" in step:
            self.wfile.write(step["raw"].encode("latin-1"))
        elif "trickle" in step:
            for letter in step["trickle"]:
                self.wfile.write(letter.encode("latin-1"))
                self.wfile.flush()
                time.sleep(step["every_s"])
        elif not step.get("hang_up"):
            answer = json.dumps(step.get("answer", {})).encode()
            fields = {"Content-Type": "application/json", "Content-Length": len(answer), **step.get("headers", {})}
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            self.wfile.write(f"HTTP/1.1 {step.get('status', 200)} said\r\n{lines}\r\n".encode("latin-1") + answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """Say nothing of clients that hang up."""


def main():
    with Server(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server.serve_forever()


main()
