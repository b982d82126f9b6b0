"""Checks that what `lenet` reads from damaged files is what PyTorch, safetensors and ONNX Runtime read from them.

    python tests/python/check_mutants.py [--count COUNT] [--seed SEED] [--keep FOLDER]

Damages valid files at random until COUNT of them are still read by `lenet`; each must be read by the other programs
too, with the same names, shapes and values. Exits with 1 if any differs, and copies it to FOLDER. Needs the built
program (`npm run build`) and the packages torch, safetensors, onnx and onnxruntime.
"""

import argparse
import base64
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import safetensors
import safetensors.torch
import torch
from torch import nn

TESTS = pathlib.Path(__file__).parents[1]
# Mutants per run of Node; their files are deleted after each.
CHUNK = 2000
TOLERANCE = 1e-4
# Values of networks with larger weights differ by the order of the sums alone.
LARGEST_WEIGHT = 100

CHECKPOINT_ENTRIES = ("state_dict", "model_state_dict", "model")
WRAPPER_PREFIXES = ("module.", "_orig_mod.")
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "leakyRelu": nn.LeakyReLU}


onnxruntime.set_default_logger_severity(4)
torch.set_num_threads(1)


def write_originals(folder):
    """Writes small files of each format, and copies the graphs that PyTorch's exporters wrote."""
    torch.manual_seed(0)
    kinds = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()
    state = collections.OrderedDict((kind, (4 * torch.randn(2, 3)).to(getattr(torch, kind))) for kind in kinds)
    matrix = torch.randn(3, 4)
    views = {"w": matrix, "t": matrix.T, "row": matrix[1], "step": matrix[:, ::2], "none": matrix[:0], "one": matrix[0, 0]}
    views["same"] = torch.randn(1, 2).expand(3, 2)
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(3, 2)).state_dict()
    contents = {
        "state": state,
        "views": views,
        "layers": layers,
        "parameters": {name: nn.Parameter(tensor) for name, tensor in layers.items()},
        "wrapped": {f"module._orig_mod.{name}": tensor for name, tensor in layers.items()},
        "checkpoint": {"epoch": 3, "loss": 0.5, "state_dict": layers, "history": [1.0, (2, None)]},
    }
    for name, content in contents.items():
        torch.save(content, folder / f"{name}.pth")
        torch.save(content, folder / f"{name}-legacy.pth", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(state, folder / "state.safetensors", {"format": "pt", "made by": "a\ntest"})
    safetensors.torch.save_file(layers, folder / "layers.safetensors")
    for path in sorted((TESTS / "fuzz/corpus/onnx").glob("*.onnx")):
        # ONNX Runtime has no convolution in float64.
        if not any(kind in path.name for kind in ("external", "double")):
            shutil.copy(path, folder)


def read_pth(path):
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    nested = (tensors[name] for name in CHECKPOINT_ENTRIES if isinstance(tensors.get(name), dict))
    tensors = {
        name: tensor
        for name, tensor in next(nested, tensors).items()
        if isinstance(name, str) and isinstance(tensor, torch.Tensor)
    }
    while tensors and (
        prefix := next((each for each in WRAPPER_PREFIXES if all(name.startswith(each) for name in tensors)), None)
    ):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def check_pth(path, ours):
    compare(ours["tensors"], read_pth(path))


def check_safetensors(path, ours):
    compare(ours["tensors"], safetensors.torch.load(path.read_bytes()), ordered=False)
    with safetensors.safe_open(path, "pt") as file:
        assert (file.metadata() or {}) == ours["metadata"], f"metadata {file.metadata()}"


def compare(ours, theirs, ordered=True):
    """Checks names, shapes and all bits. `lenet` widens floating point to float32, except float64 of safetensors."""
    names = [tensor["name"] for tensor in ours]
    expected = list(theirs)
    assert (names == expected) if ordered else (sorted(names) == sorted(expected)), f"names {names}, not {expected}"
    for tensor in ours:
        name, expected = tensor["name"], theirs[tensor["name"]].detach()
        assert tensor["shape"] == list(expected.shape), f"{name}: {tensor['shape']}, not {expected.shape}"
        if expected.is_floating_point() and tensor["type"] == "Float32Array":
            expected = expected.float()
        elif expected.dtype == torch.bool:
            expected = expected.view(torch.uint8)
        expected = expected.numpy()
        assert f"{expected.dtype}array" == tensor["type"].lower().replace("big", ""), f"{name}: {expected.dtype}"
        found = numpy.frombuffer(base64.b64decode(tensor["base64"]), expected.dtype)
        assert bits(found) == bits(expected), f"{name}: {found}, not {expected}"


def bits(values):
    """All bits, except that any NaN is the same: processors that widen floats differ in which one they make."""
    if not numpy.issubdtype(values.dtype, numpy.floating):
        return values.tobytes()
    return numpy.where(numpy.isnan(values), numpy.nan, values).astype(values.dtype).tobytes()


def check_onnx(path, ours):
    onnx.load(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata == ours["metadata"], f"metadata {metadata}"
    (input_,) = session.get_inputs()
    images = model_images(ours["model"]["input"], input_.shape[0] if isinstance(input_.shape[0], int) else 2)
    tensors = {tensor["name"]: floats(tensor) for tensor in ours["tensors"]}
    if not all(weights.abs().max() < LARGEST_WEIGHT for weights in tensors.values() if weights.numel() > 0):
        return
    takes_bytes = input_.type == "tensor(uint8)"
    assert takes_bytes == ("normalization" in ours), f"takes {input_.type}"
    values = images.permute(0, 2, 3, 1).numpy() if takes_bytes else (images / 255).numpy()
    kind = {"tensor(double)": numpy.float64, "tensor(float16)": numpy.float16, "tensor(uint8)": numpy.uint8}
    (found,) = session.run(None, {input_.name: values.astype(kind.get(input_.type, numpy.float32))})
    expected = compute(ours, tensors, images).numpy()
    assert found.shape == expected.shape, f"{found.shape}, not {expected.shape}"
    difference = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    assert difference < (0.01 if input_.type == "tensor(float16)" else TOLERANCE), f"differs by {difference}"


def floats(tensor):
    values = numpy.frombuffer(base64.b64decode(tensor["base64"]), numpy.float32)
    return torch.from_numpy(values.copy()).double().reshape(tensor["shape"])


def model_images(shape, batch):
    """Bytes, the same for each mutant of a file."""
    random = numpy.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (batch, shape["channels"], shape["height"], shape["width"])))


@torch.no_grad()
def compute(ours, tensors, images):
    """What PyTorch computes from the layers and weights that `lenet` read, in float64."""
    values = images.double() / 255
    if normalization := ours.get("normalization"):
        mean, std = (torch.tensor(list(normalization[each]), dtype=torch.float64)[:, None, None] for each in ("mean", "std"))
        values = (values - mean) / std
    for layer in ours["model"]["layers"]:
        match layer["type"]:
            case "conv2d":
                weight, bias = parameters(tensors, layer)
                values = nn.functional.conv2d(values, weight, bias, layer["stride"], layer["padding"])
            case "linear":
                values = nn.functional.linear(values, *parameters(tensors, layer))
            case "maxPool2d":
                values = nn.functional.max_pool2d(values, layer["kernel"], layer["stride"])
            case "averagePool2d":
                values = nn.functional.avg_pool2d(values, layer["kernel"], layer["stride"])
            case "flatten":
                values = values.flatten(1)
            case kind:
                values = ACTIVATIONS[kind]()(values)
    return values.softmax(1) if normalization else values


def parameters(tensors, layer):
    return tensors[f"{layer['name']}.weight"], tensors[f"{layer['name']}.bias"]


CHECKS = {".pth": check_pth, ".safetensors": check_safetensors, ".onnx": check_onnx}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    options = parser.parse_args()
    agreed, differing = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as directory:
        originals = pathlib.Path(directory, "originals")
        originals.mkdir()
        write_originals(originals)
        for begin in range(0, options.count, CHUNK):
            mutants = pathlib.Path(directory, str(begin))
            mutants.mkdir()
            count = min(CHUNK, options.count - begin)
            seed = options.seed + begin
            subprocess.run(["node", TESTS / "python/mutants.mjs", originals, mutants, str(count), str(seed)], check=True)
            for path in sorted(mutants.glob("*.json")):
                mutant = path.with_suffix("")
                try:
                    CHECKS[mutant.suffix](mutant, json.loads(path.read_text()))
                    agreed[mutant.suffix] += 1
                except Exception as error:  # the other programs may raise anything
                    differing += 1
                    print(f"{mutant.name} (seed {seed}): {type(error).__name__}: {error}", file=sys.stderr)
                    if options.keep:
                        options.keep.mkdir(parents=True, exist_ok=True)
                        shutil.copy(mutant, options.keep / f"{seed}-{mutant.name}")
            shutil.rmtree(mutants)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(agreed.items()))
    print(f"Read alike: {counts}. Differing: {differing}.")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
