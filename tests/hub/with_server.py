"""with_server.py PROGRAM [ARGUMENTS] - run a program beside a small HTTP server that can misbehave.

The program finds the server in DEMUCS_TEST_SERVER (http://127.0.0.1:PORT), the folder that it serves in
DEMUCS_TEST_SERVER_ROOT, and there, in `log`, one line for each request: PATH RANGE STATUS. The first part of the path of
a URL says how the server behaves:

    /plain/FILE     as it should, with ranges
    /cut/FILE       the first answer for a file ends in the middle of it
    /norange/FILE   ignores ranges: always the whole file
    /shifted/FILE   answers a range with other bytes than those asked for, and says so
    /slow/FILE      waits half a second first
    /drip/FILE      takes four seconds for it
    /linked/FILE    sends to /plain/FILE and announces the sum of the file, as Hugging Face does
    /mislinked/FILE the same with a wrong sum
    /circle/FILE    sends to itself
    /broken/FILE    status 500
    /page/FILE      a page of HTML with status 200, whatever was asked for
    /unmeasured/FILE  the first half, without saying how long it is: the connection ends
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that leave in the middle are what some tests are about


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, headers, body=b"", cut=False):
        with self.server.lock, open(self.server.root / "log", "a") as log:
            log.write(f"{self.path} {self.headers.get('Range', '-')} {status}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.path.startswith("/unmeasured/"):
            body, self.close_connection = body[: len(body) // 2], True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path.startswith("/drip/"):
            for start in range(0, len(body), len(body) // 40 + 1):
                self.wfile.write(body[start : start + len(body) // 40 + 1])
                time.sleep(0.1)
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def do_GET(self):
        mode, name = self.path[1:].split("/", 1)
        file = self.server.root / "files" / name
        if mode == "broken":
            return self.answer(500, {})
        if mode == "circle":
            return self.answer(302, {"Location": self.path})
        if mode == "page":
            return self.answer(200, {"Content-Type": "text/html"}, b"<!doctype html><title>Please log in</title>")
        if mode == "slow":
            time.sleep(0.5)
        if not file.is_file():
            return self.answer(404, {}, b"no such file")
        body = file.read_bytes()
        if mode in ("linked", "mislinked"):
            linked = hashlib.sha256(body).hexdigest() if mode == "linked" else "0" * 64
            return self.answer(302, {"Location": f"/plain/{name}", "X-Linked-Etag": f'"{linked}"'})
        with self.server.lock:
            cut = mode == "cut" and name not in self.server.cut_once
            self.server.cut_once.add(name)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted is None or mode == "norange":
            return self.answer(200, {}, body, cut)
        start = int(wanted[1]) + (mode == "shifted")
        if start >= len(body):
            return self.answer(416, {"Content-Range": f"bytes */{len(body)}"})
        return self.answer(206, {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, body[start:], cut)


def main():
    with tempfile.TemporaryDirectory() as root:
        server = Server(("127.0.0.1", 0), Handler)
        server.root, server.lock, server.cut_once = Path(root), threading.Lock(), set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment |= {"DEMUCS_TEST_SERVER": f"http://127.0.0.1:{server.server_port}", "DEMUCS_TEST_SERVER_ROOT": root}
        return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
