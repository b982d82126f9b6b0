"""Checks the weights that `lenet` writes with PyTorch, safetensors and ONNX Runtime, and gives it theirs to read.

    python tests/python/check_formats.py

Needs the built program (`npm run build`) and the packages torch, safetensors, onnx and onnxruntime.
"""

import collections
import json
import pathlib
import pickletools
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib

import numpy
import torch
from check_onnx import check as check_onnx
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

PROJECT = pathlib.Path(__file__).parents[2]
PROGRAM = PROJECT / "dist/cli/main.js"
sys.path.append(str(PROJECT / "docs"))

import lenet_1998  # noqa: E402

# What the weights_only unpickler of PyTorch 1.13, the first one, understands and a state_dict may need.
OPCODES = set(
    "APPEND APPENDS BINGET BININT BININT1 BININT2 BINPERSID BINPUT BINUNICODE BUILD EMPTY_DICT EMPTY_LIST EMPTY_SET "
    "EMPTY_TUPLE GLOBAL LONG1 LONG_BINGET LONG_BINPUT MARK NEWFALSE NEWOBJ NEWTRUE NONE PROTO REDUCE SETITEM SETITEMS "
    "SHORT_BINSTRING STOP TUPLE TUPLE1 TUPLE2 TUPLE3".split()
)

SHAPES = {"1x28x28": (1, 28, 400), "3x32x32": (3, 32, 576)}
RECIPES = {"paper": (nn.Sigmoid, nn.AvgPool2d), "improved": (nn.ReLU, nn.MaxPool2d)}


class LeNet(nn.Module):
    """The network, with the layer names of the tutorial."""

    def __init__(self, channels, flat, activation, pooling):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(flat, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)
        self.activation = activation()
        self.pooling = pooling(2)

    def forward(self, images):
        maps = self.pooling(self.activation(self.conv1(images)))
        maps = self.pooling(self.activation(self.conv2(maps)))
        features = self.activation(self.fc1(maps.flatten(1)))
        return self.fc3(self.activation(self.fc2(features)))


class NormalizedLeNet(LeNet):
    """The same with batch normalisation in all hidden layers."""

    def __init__(self, *options):
        super().__init__(*options)
        self.bn1 = nn.BatchNorm2d(6)
        self.bn2 = nn.BatchNorm2d(16)
        self.bn3 = nn.BatchNorm1d(120)
        self.bn4 = nn.BatchNorm1d(84)

    def forward(self, images):
        maps = self.pooling(self.activation(self.bn1(self.conv1(images))))
        maps = self.pooling(self.activation(self.bn2(self.conv2(maps))))
        features = self.activation(self.bn3(self.fc1(maps.flatten(1))))
        return self.fc3(self.activation(self.bn4(self.fc2(features))))


def make(shape, recipe, seed=0):
    channels, _, flat = SHAPES[shape]
    torch.manual_seed(seed)
    return LeNet(channels, flat, *RECIPES[recipe]).eval()


def lenet(*arguments):
    """Runs the program and returns what it prints."""
    done = subprocess.run(["node", PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"lenet {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


class Formats(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.folder = pathlib.Path(self.directory.name)

    def export(self, weights, name, *options):
        """Lets the program write weights to a file; the extension says the format."""
        path = self.folder / name
        lenet("export", weights, "--to", path.suffix[1:], "--out", path, *options)
        return path

    def save(self, shape, recipe):
        """A network and the file of its state_dict."""
        model = make(shape, recipe)
        path = self.folder / f"{shape}-{recipe}.pth"
        torch.save(model.state_dict(), path)
        return model, path

    def assert_same(self, state, expected):
        self.assertEqual(list(state), list(expected))
        for name, tensor in expected.items():
            self.assertEqual(state[name].dtype, torch.float32)
            self.assertEqual(state[name].numpy().tobytes(), tensor.float().numpy().tobytes(), name)

    def test_pth_is_read_by_pytorch(self):
        for shape in SHAPES:
            for recipe in RECIPES:
                with self.subTest(shape=shape, recipe=recipe):
                    model, source = self.save(shape, recipe)
                    path = self.export(source, f"{shape}-{recipe}-ours.pth", "--recipe", recipe)
                    for options in [{}, {"mmap": True}]:
                        for weights_only in [True, False]:
                            state = torch.load(path, weights_only=weights_only, **options)
                            self.assertIsInstance(state, collections.OrderedDict)
                            self.assert_same(state, model.state_dict())
                            make(shape, recipe, seed=1).load_state_dict(state, strict=True)
                    with zipfile.ZipFile(path) as archive:
                        self.assertIsNone(archive.testzip())
                        opcodes = {opcode.name for opcode, _, _ in pickletools.genops(archive.read("archive/data.pkl"))}
                        self.assertLessEqual(opcodes, OPCODES)
                        self.assertEqual(archive.read("archive/version"), b"3\n")
                        described = json.loads(archive.read("archive/extra/lenet"))
                    activation = {"paper": "sigmoid", "improved": "relu"}[recipe]
                    self.assertEqual(described["model"]["layers"][1], {"type": activation})

    def test_pth_of_pytorch_is_read(self):
        model = make("1x28x28", "improved")
        optimizer = torch.optim.AdamW(model.parameters())
        model(torch.zeros(1, 1, 28, 28)).sum().backward()
        optimizer.step()
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        numbers = {"conv1": "0", "conv2": "3", "fc1": "7", "fc2": "9", "fc3": "11"}
        numbered = {f"{numbers[name.split('.')[0]]}.{name.split('.')[1]}": tensor for name, tensor in state.items()}
        contents = {
            "state": state,
            "ordered": collections.OrderedDict(state),
            "parameters": {name: nn.Parameter(tensor) for name, tensor in state.items()},
            "module": {f"module.{name}": tensor for name, tensor in state.items()},
            "compiled": {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
            "numbered": numbered,
            "nested": {f"net.{name}": tensor for name, tensor in state.items()},
            "checkpoint": {"epoch": 3, "state_dict": state, "optimizer": optimizer.state_dict()},
            "trainer": {"model_state_dict": state, "loss": 0.5, "history": [1.0, 2.0]},
            **{
                str(kind).split(".")[1]: {name: tensor.to(kind) for name, tensor in state.items()}
                for kind in [torch.float64, torch.float16, torch.bfloat16]
            },
        }
        for name, content in contents.items():
            for is_zip in [True, False]:
                with self.subTest(name=name, is_zip=is_zip):
                    source = self.folder / f"{name}-{is_zip}.pth"
                    torch.save(content, source, _use_new_zipfile_serialization=is_zip)
                    path = self.export(source, f"{name}-{is_zip}.safetensors", "--recipe", "improved")
                    narrow = name in ["float64", "float16", "bfloat16"]
                    self.assert_same(ordered(load_file(path)), content if narrow else state)

    def test_safetensors_are_read_both_ways(self):
        for shape in SHAPES:
            for kind in [torch.float32, torch.float64, torch.float16, torch.bfloat16]:
                with self.subTest(shape=shape, kind=kind):
                    state = {name: tensor.to(kind) for name, tensor in make(shape, "paper").state_dict().items()}
                    source = self.folder / f"{shape}-{kind}.safetensors"
                    save_file(state, source)
                    path = self.export(source, f"{shape}-{kind}-ours.safetensors", "--recipe", "paper")
                    self.assert_same(ordered(load_file(path)), state)
                    with safe_open(path, "pt") as file:
                        metadata = file.metadata()
                    self.assertEqual(metadata["format"], "pt")
                    self.assertEqual(json.loads(metadata["lenet"])["normalization"], {"mean": [0.5], "std": [0.5]})

    def test_onnx_computes_what_pytorch_does(self):
        for shape, (channels, side, _) in SHAPES.items():
            for recipe in RECIPES:
                with self.subTest(shape=shape, recipe=recipe):
                    model, source = self.save(shape, recipe)
                    path = self.export(source, f"{shape}-{recipe}.onnx", "--recipe", recipe)
                    images = torch.randn(5, channels, side, side)
                    with torch.no_grad():
                        check_onnx(path, {"input": images.numpy(), "logits": model(images).numpy()})

    def test_batch_normalisation_goes_both_ways(self):
        channels, side, flat = SHAPES["1x28x28"]
        torch.manual_seed(4)
        model = NormalizedLeNet(channels, flat, *RECIPES["improved"])
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(16, channels, side, side)).square().sum().backward()
            optimizer.step()
        model.eval()
        source = self.folder / "normalized.pth"
        torch.save(model.state_dict(), source)
        images = torch.randn(5, channels, side, side)
        with torch.no_grad():
            logits = model(images)
        for format in ["pth", "safetensors"]:
            path = self.export(source, f"normalized-ours.{format}", "--recipe", "improved")
            state = torch.load(path, weights_only=True) if format == "pth" else load_file(path)
            other = NormalizedLeNet(channels, flat, *RECIPES["improved"]).eval()
            other.load_state_dict(state, strict=True)
            with torch.no_grad():
                self.assertTrue(torch.equal(other(images), logits))
        ours = self.export(source, "normalized-ours.onnx", "--recipe", "improved")
        check_onnx(ours, {"input": images.numpy(), "logits": logits.numpy()})
        theirs = self.folder / "normalized-theirs.onnx"
        torch.onnx.export(
            model, (images,), theirs, dynamo=False, input_names=["input"], output_names=["logits"],
            dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
        )
        again = self.export(theirs, "normalized-again.onnx")
        check_onnx(again, {"input": images.numpy(), "logits": logits.numpy()})

    def test_every_bit_survives_the_way_through_all_formats(self):
        model, source = self.save("3x32x32", "improved")
        safetensors = self.export(source, "a.safetensors", "--recipe", "improved")
        first = self.export(source, "a.pth", "--recipe", "improved")
        back = self.export(self.export(safetensors, "b.onnx"), "b.pth")
        self.assert_same(torch.load(back, weights_only=True), model.state_dict())
        self.assertEqual(back.read_bytes(), first.read_bytes())

    def test_the_network_of_1998_is_the_module_in_the_documentation(self):
        model = lenet_1998.LeNet5().eval()
        source = self.folder / "lenet-1998.pth"
        torch.save(model.state_dict(), source)
        path = self.export(source, "ours.pth", "--recipe", "lenet-1998")
        self.assert_same(torch.load(path, weights_only=True), model.state_dict())
        tensors = load_file(self.export(path, "ours.safetensors"))
        self.assert_same({name: tensors[name] for name in model.state_dict()}, model.state_dict())
        images = torch.randn(5, 1, 32, 32)
        with torch.no_grad():
            expected = {"input": images.numpy(), "logits": model(images).numpy()}
        check_onnx(self.export(path, "ours.onnx"), expected)
        pixels = numpy.random.default_rng(3).integers(0, 256, (3, 28, 28), dtype=numpy.uint8)
        pictures = [self.folder / f"{index}.png" for index in range(3)]
        for picture, image in zip(pictures, pixels):
            picture.write_bytes(grey_png(image))
        results = json.loads(lenet("predict", source, *pictures, "--recipe", "lenet-1998", "--json"))
        with torch.no_grad():
            logits = model(lenet_1998.normalize(torch.from_numpy(pixels)[:, None]))
        numpy.testing.assert_allclose([result["logits"] for result in results], logits, rtol=1e-4, atol=1e-5)

    def test_predictions_are_those_of_pytorch(self):
        pixels = numpy.random.default_rng(3).integers(0, 256, (4, 28, 28), dtype=numpy.uint8)
        paths = []
        for index, image in enumerate(pixels):
            paths.append(self.folder / f"{index}.png")
            paths[-1].write_bytes(grey_png(image))
        model, source = self.save("1x28x28", "paper")
        results = json.loads(lenet("predict", source, *paths, "--recipe", "paper", "--json"))
        with torch.no_grad():
            logits = model((torch.from_numpy(pixels)[:, None] / 255 - 0.5) / 0.5)
        self.assertEqual([result["file"] for result in results], [str(path) for path in paths])
        self.assertEqual([result["class"] for result in results], logits.argmax(1).tolist())
        numpy.testing.assert_allclose([result["logits"] for result in results], logits, rtol=1e-4, atol=1e-5)
        shares = [result["probabilities"] for result in results]
        numpy.testing.assert_allclose(shares, logits.softmax(1), rtol=1e-4, atol=1e-6)


def ordered(state):
    """Restores the network's order of names, as Python's safetensors library sorts them."""
    return {name: state[name] for name in make("1x28x28", "paper").state_dict()}


def grey_png(pixels):
    """An 8-bit greyscale PNG."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = pixels.shape
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    unittest.main()
