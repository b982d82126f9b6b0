"""The LeNet-5 of LeCun et al. (1998) as a PyTorch module that loads what `lenet train --recipe lenet-1998` writes.

    network = LeNet5()
    network.load_state_dict(torch.load("model.pth", weights_only=True))
    digits = network(normalize(pixels)).argmax(1)  # pixels: uint8 [count, 1, 28, 28]
"""

import torch
from torch import nn
from torch.nn import functional

# Table I: the maps of S2 that each map of C3 takes.
CONNECTIONS = (
    "012 123 234 345 045 015 0123 1234 2345 0345 0145 0125 0134 1245 0235 012345".split()
)

# Figure 3: the digits 0 to 9 in 12 rows of 7 pixels; # is +1, . is -1.
BITMAPS = (
    ".#####. ....... ..###.. .##.##. ##...## ##...## ##...## ##...## .##.##. ..###.. ....... .......",
    "...##.. ..###.. .####.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. .###### ....... .......",
    ".#####. ....... .#####. ##...## #....## ....##. ..###.. .##.... ##..... ####### ....... .......",
    "####### .....## ....##. ...##.. ..####. .....## .....## .....## ##...## .#####. ....... .......",
    ".#####. ....... ....... .##..## .##..## ###..## ##...## ##...## ##..### .###### .....## .....##",
    ".#####. ....... ####### ##..... ##..... .####.. ..####. .....## ##...## .#####. ....... .......",
    "..####. .##.... ##..... ##..... ######. ###..## ##...## ##...## ###..## .#####. ....... .......",
    "####### .....## .....## ....##. ...##.. ...##.. ..##... ..##... ..##... ..##... ....... .......",
    ".#####. ##...## ##...## ##...## .#####. ##...## ##...## ##...## ##...## .#####. ....... .......",
    ".#####. ##..### ##...## ##...## ##..### .###### .....## .....## ....##. .####.. ....... .......",
)


def normalize(pixels):
    """Bytes of 28x28 images to the network's inputs of 32x32: black becomes -0.1, white 1.175."""
    return (functional.pad(pixels, (2, 2, 2, 2)) / 255 - 20 / 255) / (200 / 255)


def squash(sums):
    return 1.7159 * torch.tanh(2 / 3 * sums)


class Subsampling(nn.Module):
    """The sum of each 2x2 window, times the map's coefficient, plus its bias."""

    def __init__(self, maps):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(maps).uniform_(-2.4 / 4, 2.4 / 4))
        self.bias = nn.Parameter(torch.empty(maps).uniform_(-2.4 / 4, 2.4 / 4))

    def forward(self, maps):
        sums = 4 * functional.avg_pool2d(maps, 2)
        return sums * self.weight[:, None, None] + self.bias[:, None, None]


class LeNet5(nn.Module):
    """Inputs [count, 1, 32, 32]; outputs [count, 10], the larger the nearer the digit.

    All weights of C3 are parameters, those outside of table I are zero: `connected` is 1 for the others. To train the
    network, multiply the gradient of `conv2.weight` by it.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.pool1 = Subsampling(6)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = Subsampling(16)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        table = [[[[float(str(source) in sources)]] for source in range(6)] for sources in CONNECTIONS]
        pixels = [[1.0 if pixel == "#" else -1.0 for pixel in rows.replace(" ", "")] for rows in BITMAPS]
        self.register_buffer("connected", torch.tensor(table), persistent=False)
        self.register_buffer("centres", torch.tensor(pixels), persistent=False)
        with torch.no_grad():
            self.conv2.weight *= self.connected

    def forward(self, images):
        s2 = squash(self.pool1(squash(self.conv1(images))))
        s4 = squash(self.pool2(squash(self.conv2(s2))))
        c5 = squash(self.fc1(s4.flatten(1)))
        f6 = squash(self.fc2(c5))
        return -(f6[:, None] - self.centres).pow(2).mean(2)
