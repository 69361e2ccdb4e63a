"""browser.py - a headless Chromium, driven through its debugging pipe: open a page, ask it questions, look at it.

    with Browser() as browser:
        page = browser.open("/tmp/report.html", width=360)
        page.ask("document.title")
        page.problems    # errors and warnings of the console, exceptions; and requests that leave the page

`python3 browser.py PAGE PICTURE [WIDTH [dark]]` saves a screenshot.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 60


def find():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    def __enter__(self):
        self.profile = tempfile.mkdtemp()
        to_browser, ours_out = os.pipe()
        ours_in, from_browser = os.pipe()
        command = f"exec 3<&{to_browser} 4>&{from_browser}; exec \"$@\""
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--mute-audio", "--autoplay-policy=no-user-gesture-required",
                   "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"]
        self.process = subprocess.Popen(["sh", "-c", command, "sh", find(), *options], pass_fds=(to_browser, from_browser),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.out, self.into = ours_out, ours_in
        self.number, self.buffer, self.events = 0, b"", []
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, seconds):
        """The next message, or None after so many seconds."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            if not select.select([self.into], [], [], max(0, end - time.monotonic()))[0]:
                return None
            more = os.read(self.into, 1 << 20)
            if not more:
                raise RuntimeError("the browser has ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.out, text):]
        while True:
            answer = self.receive(PATIENCE_SECONDS)
            if answer is None:
                raise RuntimeError(f"the browser does not answer {method}")
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path, width=1000, height=900, dark=False):
        return Page(self, path, width, height, dark)


class Page:
    def __init__(self, browser, path, width, height, dark):
        self.browser, self.url, self.width = browser, Path(path).absolute().as_uri(), width
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=self.url)
        end = time.monotonic() + PATIENCE_SECONDS
        while not any(event.get("method") == "Page.loadEventFired" and event.get("sessionId") == self.session
                      for event in browser.events):
            event = browser.receive(1)
            if event is not None:
                browser.events.append(event)
            elif time.monotonic() > end:
                raise RuntimeError(f"{self.url} is never loaded")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def ask(self, expression):
        """The value of an expression of JavaScript; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    @property
    def problems(self):
        """What the console holds, exceptions, and addresses outside the page."""
        self.ask("0")
        found = []
        for event in self.browser.events:
            params = event.get("params", {})
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Log.entryAdded":
                found.append(params["entry"]["text"])
            elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                found.append(json.dumps(params)[:300])
            elif event["method"] == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("data:", "file:")):
                    found.append(f"asks for {url[:100]}")
        return found

    def screenshot(self, path, most_height=6000):
        height = min(self.ask("document.documentElement.scrollHeight"), most_height)
        clip = {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 1}
        data = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))


if __name__ == "__main__":
    with Browser() as opened:
        shown = opened.open(sys.argv[1], width=int(sys.argv[3]) if len(sys.argv) > 3 else 1000, dark="dark" in sys.argv)
        shown.screenshot(sys.argv[2])
        print("\n".join(shown.problems))
