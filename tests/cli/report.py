"""report.py DEMUCS TOOL MODELS TEST_REPORT - the page of `demucs --report` in a headless Chromium.

Nothing in the console, no request that leaves the page, pictures that show something, players that play, light and dark,
no wider than a phone, and names of tracks that stay text. TEST_REPORT (tests/tracks/test_quality_report.c) writes a page
with sound in it and one with links. Without Chromium the test is skipped (77).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import browser

HOSTILE = ['<img src=x onerror="window.pwned=1"><script>pwned=2</script>.wav'.replace("/", "\u2215"), "a'b\"&lt;\u00fc\u65e5.wav", "silence.wav"]
STEMS = ["mix", "drums", "bass", "other", "vocals"]

# Whether a picture has more than one colour.
VARIED = """(picture => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return pixels.some(pixel => pixel != pixels[0]);
})"""

# [how far a player comes, how long its sound is] of each.
PLAYED = """(async () => {
    const played = [];
    for (const player of document.querySelectorAll('audio')) {
        await player.play();
        for (let i = 0; i < 100 && player.currentTime < 0.1; i++) await new Promise(done => setTimeout(done, 50));
        player.pause();
        played.push([player.currentTime, player.duration]);
    }
    return played;
})()"""


class Checks:
    def __init__(self):
        self.failed = []

    def __call__(self, good, what):
        if not good:
            self.failed.append(what)


def check_driver(check, opened, folder):
    """The browser sees the faults that this test looks for."""
    bad = folder / "bad.html"
    bad.write_text('<script>console.error("x"); null.x</script><img src="http://127.0.0.1:9/x.png"><img src="missing.png">')
    problems = "\n".join(opened.open(bad).problems)
    for word in ('"type": "error"', "Uncaught", "127.0.0.1:9", "ERR_FILE_NOT_FOUND"):
        check(word in problems, f"the driver does not see {word}: {problems}")


def check_page(check, page, tracks, signals, seconds):
    what = Path(page.url).name
    shown = tracks * signals
    check(page.ask("[...document.images].every(it => it.complete && it.naturalWidth >= 600 && it.naturalWidth <= 1200)"),
          f"{what}: pictures")
    check(page.ask("document.images.length") == 2 * shown, f"{what}: {page.ask('document.images.length')} pictures")
    check(page.ask("document.scripts.length + document.querySelectorAll('[onerror],iframe,object').length") == 0, f"{what}: scripts")
    check(page.ask("typeof pwned") == "undefined", f"{what}: a name was run")
    played = page.ask(PLAYED)
    check(len(played) == shown, f"{what}: {len(played)} players")
    check(all(at > 0 and abs(length - seconds) < 0.1 for at, length in played), f"{what}: played {played}")
    check(not page.problems, f"{what}: {page.problems}")


def check_run(check, opened, folder, run, demucs, tool, models):
    for name in HOSTILE:
        run(tool, "make", name, "44100", "2", "44100", "silence" if name == "silence.wav" else "music")
    run(demucs, "--repo", models, "-n", "f0cb5d54", "--report", "page.html", *HOSTILE)
    page = opened.open(folder / "page.html")
    check_page(check, page, 3, 5, 1)
    check(page.ask("[...document.querySelectorAll('h2')].map(it => it.textContent)") == HOSTILE, "names of tracks")
    check(page.ask("[...document.querySelectorAll('h3')].map(it => it.textContent)") == 3 * STEMS, "names of stems")
    varied = page.ask(f"[...document.querySelectorAll('.spectrogram')].map({VARIED})")
    check(varied[0] and varied[5] and not varied[10], f"spectrograms of two tracks and of silence: {varied}")
    check(page.ask("document.querySelectorAll('.unusual').length") >= 2, "what is unusual about random stems")
    return page


def check_forms(check, opened, path, light):
    """As wide as a phone; dark."""
    colour = "getComputedStyle(document.body).backgroundColor"
    phone = opened.open(path, width=360, dark=True)
    check(phone.ask("document.documentElement.scrollWidth") <= 360, "it is wider than a phone")
    check(phone.ask(colour) != light.ask(colour), "dark is light")
    check(not phone.problems, f"phone: {phone.problems}")


def main(demucs, tool, models, test_report):
    check = Checks()
    if browser.find() is None:
        print("skipped: no Chromium is installed (tools/install-deps --browser brings one)")
        return 77
    with tempfile.TemporaryDirectory() as name, browser.Browser() as opened:
        folder = Path(name).resolve()
        run = lambda *words: subprocess.run(words, cwd=folder, check=True, capture_output=True)
        check_driver(check, opened, folder)
        light = check_run(check, opened, folder, run, demucs, tool, models)
        check_forms(check, opened, folder / "page.html", light)
        run(test_report, str(folder))
        for kind in ("embedded", "linked"):
            check_page(check, opened.open(folder / f"{kind}.html"), 1, 2, 10)
    print("\n".join(check.failed))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
