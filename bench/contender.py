"""One contender of peers.py in a process of its own, or one of the chores that need its packages.

    python contender.py JOB      JOB is a JSON object; the answers are lines of JSON

A contender loads, warms up and says what it is ({"about": ...}). Then each line of stdin is a question: "run"
separates the segment and answers the seconds; "save" answers the peak of resident memory in MiB and writes the stems.
A chore does its work and answers once. Nothing but the standard library is imported before a contender needs it: what
it did not load, it does not count as its memory.
"""

import array
import ctypes
import importlib
import importlib.util
import json
import math
import os
from pathlib import Path
import re
import resource
import sys
import time
import types

SOURCES = ["drums", "bass", "other", "vocals"]
OLD_FAMILIES = {  # module, class, arguments of the released sizes
    "hdemucs": ("demucs.hdemucs", "HDemucs", dict(channels=48, depth=6)),
    "demucs": ("demucs.demucs", "Demucs", dict(channels=64, depth=6, resample=True, normalize=True)),
}
STUBS = ["tqdm", "yaml"]  # imported by the official package, not used by what runs here

# ----------------------------------------------------------------------------------------- contenders: ours, by ctypes

INT, SIZE, DOUBLE, BOOL, POINTER = ctypes.c_int, ctypes.c_size_t, ctypes.c_double, ctypes.c_bool, ctypes.c_void_p
Progress = ctypes.CFUNCTYPE(BOOL, POINTER, POINTER)


class Error(ctypes.Structure):
    _fields_ = [("status", INT), ("message", ctypes.c_char * 512)]


class Options(ctypes.Structure):
    """The beginning of struct demucs_options in include/demucs.h; the library leaves alone what is beyond it."""

    _fields_ = [("struct_size", SIZE), ("threads", INT), ("shifts", INT), ("overlap", DOUBLE)]
    _fields_ += [("transition_power", DOUBLE), ("segment_seconds", DOUBLE), ("split", BOOL), ("normalize", BOOL)]
    _fields_ += [("seed", ctypes.c_uint64), ("shift_offsets", POINTER), ("shift_offsets_count", SIZE)]
    _fields_ += [("wanted", POINTER), ("cpu", ctypes.c_char_p), ("progress", Progress), ("progress_user", POINTER)]
    _fields_ += [("stage", POINTER), ("stage_user", POINTER), ("precision", INT)]


class Ours:
    def __init__(self, job):
        self.lib, self.error, self.frames, self.calls = ctypes.CDLL(job["library"]), Error(), job["frames"], 0
        model, self.separator, self.options = POINTER(), POINTER(), self.make_options(job)
        self.call("demucs_model_load", ctypes.byref(model), job["model"].encode())
        self.call("demucs_separator_create", ctypes.byref(self.separator), model, ctypes.byref(self.options))
        self.lib.demucs_separator_cpu.restype = ctypes.c_char_p
        self.about = self.lib.demucs_separator_cpu(self.separator).decode()
        if self.lib.demucs_separator_precision(self.separator) != self.options.precision:
            raise RuntimeError(f"level {self.about} has no bfloat16")
        self.mix = array.array("f", Path(job["mix"]).read_bytes())
        self.stems = array.array("f", bytes(4 * 2 * len(SOURCES) * self.frames))
        self.inputs, self.outputs = self.planes(self.mix, 2), self.planes(self.stems, 2 * len(SOURCES))

    def make_options(self, job):
        options = Options()
        self.lib.demucs_default_options(ctypes.byref(options), ctypes.c_size_t(ctypes.sizeof(options)))
        options.threads, options.shifts, options.overlap, options.normalize = job["threads"], 0, 0.0, False
        options.cpu, options.progress = job["cpu"] and job["cpu"].encode(), Progress(self.count)
        options.precision = "bf16" in job["name"]  # DEMUCS_PRECISION_FAST
        return options

    def count(self, progress, user):
        self.calls += 1
        return False

    def call(self, function, *arguments):
        if getattr(self.lib, function)(*arguments, ctypes.byref(self.error)):
            raise RuntimeError(self.error.message.decode())

    def planes(self, samples, count):
        at = samples.buffer_info()[0]
        return (POINTER * count)(*(at + 4 * self.frames * i for i in range(count)))

    def run(self):
        self.calls = 0
        self.call("demucs_separate", self.separator, self.inputs, SIZE(self.frames), self.outputs)
        if self.calls != 2:  # before and after the one segment
            raise RuntimeError("ours ran more than one segment")

    def save(self, path):
        path.write_bytes(self.stems.tobytes())


# ------------------------------------------------------------------------------------------------- contenders: theirs


def import_official(name):
    """A module of the official package; what it imports and inference does not use is met by empty modules."""
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
        self.torch, self.bf16 = torch, "bf16" in job["name"]
        self.about = f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()}"
        self.apply = import_official("demucs.apply").apply_model
        self.model = import_official("demucs.hf").load_safetensors_model(job["model"]).float().eval()
        self.mix = torch.tensor(array.array("f", Path(job["mix"]).read_bytes())).view(1, 2, -1)
        if "compile" in job["name"]:
            # The transforms stay eager: the compiler has no code for complex numbers, and unrolls istft's window into a
            # kernel of 90,000 lines, minutes of C++ compiling.
            self.model._spec = torch.compiler.disable(self.model._spec)
            self.model._ispec = torch.compiler.disable(self.model._ispec)
            self.model.compile()

    def run(self):
        torch = self.torch
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            self.stems = self.apply(self.model, self.mix, shifts=0, split=True, overlap=0.0)

    def save(self, path):
        self.stems.float().numpy().tofile(path)


class Onnx:
    """Two ways to run the ONNX network: waveform and spectrogram in, spectrograms and waveforms of the stems out."""

    def __init__(self, job):
        import numpy

        self.model, self.mix = job["model"], numpy.fromfile(job["mix"], numpy.float32).reshape(1, 2, -1)
        self.spectrogram = numpy.fromfile(job["spectrogram"], numpy.float32).reshape(1, 4, 2048, -1)
        self.load(job)

    def save(self, path):
        import torch

        model, (masked, waves) = import_official("demucs.hf").load_safetensors_model(self.model), self.stems
        masked = model._mask(None, torch.tensor(masked).view(1, len(SOURCES), 4, 2048, -1))
        (model._ispec(masked, self.mix.shape[-1]).numpy() + waves).tofile(path)


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
        hints = {"INFERENCE_NUM_THREADS": job["threads"], "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
        hints["INFERENCE_PRECISION_HINT"] = "bf16" if "bf16" in job["name"] else "f32"
        self.request = openvino.Core().compile_model(job["onnx"], "CPU", hints).create_infer_request()

    def run(self):
        given = {0: self.mix, 1: self.spectrogram}
        results = self.request.infer(given, share_inputs=True, share_outputs=True)
        self.stems = [results[0], results[1]]


# name, class and packages (a group of PACKAGES in peers.py) in the order of turns; older families have the first three
TURNS = [
    ("ours", Ours, None),
    ("torch", Torch, "torch"),
    ("ours bf16", Ours, None),
    ("torch.compile", Torch, "torch"),
    ("onnxruntime", OnnxRuntime, "onnxruntime"),
    ("openvino", OpenVino, "openvino"),
    ("torch bf16", Torch, "torch"),
    ("torch.compile bf16", Torch, "torch"),
    ("openvino bf16", OpenVino, "openvino"),
]


# -------------------------------------------------------------------------------- what runs in a process of a contender


def peak_mib():
    """The most memory that was resident; not getrusage, which starts from what the parent had."""
    try:
        return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text()).group(1)) / 1024
    except OSError:  # no Linux, so macOS, which counts in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def worker(job):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    if job["task"] != "contend":
        return print(json.dumps(TASKS[job["task"]](job)), file=answers)
    contender = next(kind for name, kind, _ in TURNS if name == job["name"])(job)
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
    save_file({key: value.half().contiguous() for key, value in state.items()}, job["model"] + ".part", header)
    os.replace(job["model"] + ".part", job["model"])


def make_spectrogram(job):
    """What the ONNX network wants beside the waveform."""
    import torch

    model = import_official("demucs.hf").load_safetensors_model(job["model"])
    mix = torch.tensor(array.array("f", Path(job["mix"]).read_bytes())).view(1, 2, -1)
    model._magnitude(model._spec(mix)).numpy().tofile(job["spectrogram"])


def compare(job):
    """SNR in dB of each contender's stems against torch's."""
    import numpy

    results, wanted = {}, numpy.fromfile(job["outs"]["torch"], numpy.float32).astype(numpy.float64)
    for name, out in job["outs"].items():
        noise = numpy.sum((numpy.fromfile(out, numpy.float32) - wanted) ** 2)
        results[name] = 10 * math.log10(numpy.sum(wanted**2) / noise) if noise else None
    return results


TASKS = {"make_old": make_old, "make_spectrogram": make_spectrogram, "compare": compare}


if __name__ == "__main__":
    worker(json.loads(sys.argv[1]))
