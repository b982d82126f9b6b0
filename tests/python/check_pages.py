"""Parses the Python of the pages in docs/, and runs that of the tutorial, on random images and for one epoch.

    python check_pages.py

Needs torch and torchvision. torchsummary and matplotlib only print and draw, so where they are missing, they do nothing.
"""

import ast
import importlib.util
import os
import pathlib
import re
import sys
import tempfile
import unittest.mock

import torch
import torchvision

DOCS = pathlib.Path(__file__).parents[2] / "docs"


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


parsed = 0
for page in sorted([*DOCS.glob("*.md"), *DOCS.glob("zh/*.md")]):
    for block in blocks(page):
        ast.parse(block, str(page))
        parsed += 1

program = "".join(blocks(DOCS / "tutorial.md"))
assert "epochs = 100\n" in program
program = program.replace("epochs = 100\n", "epochs = 1\n")


def random_images(*_, transform, **__):
    return torchvision.datasets.FakeData(200, (1, 28, 28), transform=lambda image: transform(image.convert("L")))


for name in ("torchsummary", "matplotlib", "matplotlib.pyplot"):
    if name.split(".")[0] in sys.modules or importlib.util.find_spec(name.split(".")[0]) is None:
        sys.modules[name] = unittest.mock.MagicMock()
if isinstance(sys.modules.get("matplotlib"), unittest.mock.MagicMock):
    sys.modules["matplotlib"].pyplot.subplots.return_value = (unittest.mock.MagicMock(), [unittest.mock.MagicMock()] * 2)
torchvision.datasets.FashionMNIST = random_images

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    names = {}
    exec(compile(program, "tutorial.md", "exec"), names)
    weights = torch.load("model.pth", weights_only=True)
    os.chdir(DOCS)

count = sum(tensor.numel() for tensor in weights.values())
assert count == 61706, count
assert list(names["history"][0]) == ["epoch", "train_loss_all", "train_acc_all", "val_loss_all", "val_acc_all"]
print(f"{parsed} blocks of Python parsed, the tutorial runs")
