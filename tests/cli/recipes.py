"""recipes.py DEMUCS TOOL MODELS PAGE - the commands of docs/recipes.md, as they stand there, give the files that it promises.

Each part of the page runs in a folder of its own, with a song, a narration, a film and two folders of songs by the names that the page
uses, and with tiny models under the names of the released ones. A block of `sh` is a script; the block of `files` after it
says what is there then: a path a line and, of audio, its rate and channels.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SONGS = ("song.wav", "narration.wav", "interviews/one.wav", "interviews/two.wav", "albums/one.wav", "albums/two.wav", "albums/live/three.wav")
TOPICS = ("Speech recognition", "Video localisation", "Karaoke", "Practice", "Remix", "Archive", "A large batch", "Drums", "Two tiers")


def make_models(models, folder):
    """The tiny models, and bags of them that are called as the released ones."""
    shutil.copytree(models, folder)
    (folder / "htdemucs.yaml").write_text("models: ['f0cb5d54']\n")
    shutil.copy(folder / "bag_ft.yaml", folder / "htdemucs_ft.yaml")


def parts_of(page):
    """(title, the blocks of sh as one script, the lines of the blocks of files) of each part."""
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        block = lambda kind: "".join(re.findall(rf"^```{kind}\n(.*?)^```$", part, flags=re.M | re.S))
        yield part.split("\n")[0], block("sh"), block("files").splitlines()


def main(demucs, tool, models, page):
    demucs, tool = str(Path(demucs).resolve()), str(Path(tool).resolve())
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        make_models(Path(models), folder / "models")
        (folder / "bin").mkdir()
        (folder / "bin/demucs").symlink_to(demucs)
        (folder / "demucs.conf").touch()  # none is found above it
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DEMUCS_")}
        environment.update(PATH=f"{folder / 'bin'}:{os.environ['PATH']}", DEMUCS_REPO=str(folder / "models"), DEMUCS_OFFLINE="1",
                           HOME=str(folder / "home"), XDG_CONFIG_HOME=str(folder / "config"))
        parts = list(parts_of(Path(page).read_text()))
        failed += [f"there is no recipe {topic}" for topic in TOPICS if not any(title.startswith(topic) for title, _, _ in parts)]
        for number, (title, script, promised) in enumerate(parts):
            place = folder / str(number)
            for song in SONGS:
                (place / song).parent.mkdir(parents=True, exist_ok=True)
                subprocess.run([tool, "make", place / song, "44100", "2", "40000", "music"], check=True)
            shutil.copy(Path(models).parent.parent / "audio/film.mp4", place / "film.mp4")
            if not script or not promised:
                failed.append(f"{title}: no command, or no file that it gives")
            done = subprocess.run(["sh", "-e", "-c", script], cwd=place, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                failed.append(f"{title}: status {done.returncode}\n{done.stderr}")
            for line in promised:
                path, _, form = line.partition(" ")
                if not (place / path).is_file() or (place / path).stat().st_size == 0:
                    failed.append(f"{title}: there is no {path}")
                elif form:
                    is_form = subprocess.run([tool, "info", path], cwd=place, capture_output=True, text=True, check=True).stdout
                    if form not in is_form:
                        failed.append(f"{title}: {is_form.strip()}, and not {form}")
            if title.startswith("A large batch"):
                summary = (place / "night.json").read_text() if (place / "night.json").is_file() else ""
                if '"skipped": 3' not in summary or '"done": 0' not in summary:
                    failed.append(f"{title}: the second run did something: {summary[:600]}")
            log = place / "archive.jsonl"
            if title.startswith("Archive") and (not log.is_file() or log.read_text().count('"event":"track"') != 3):
                failed.append(f"{title}: not a record for each track")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
