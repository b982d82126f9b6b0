"""Writes lenet-1998.json: the network of LeCun et al. (1998) in PyTorch and float64.

    python make_lenet1998.py

It shares nothing with the program but the bitmaps: table I, equations 5 to 9, appendices A and C of the paper. But distances
are means over the 84 units of F6, where the paper has sums. Parameters and images are simple functions of an index, so that
they need not be stored. Of every parameter, the file has the gradient of the mean loss and the mean second derivative
(diagonal Gauss-Newton), both as a sum of absolute values and for some elements. Needs PyTorch.
"""

import json
import pathlib

import torch
from torch.nn import functional
from torch.nn.grad import conv2d_weight

torch.set_default_dtype(torch.float64)

# Table I: the maps of S2 that each map of C3 takes.
TABLE = ["012", "123", "234", "345", "045", "015", "0123", "1234", "2345", "0345", "0145", "0125", "0134", "1245", "0235",
         "012345"]
RUBBISH = 2.0
SAMPLES = 3
PICKED = 23
BITMAPS = (pathlib.Path(__file__).parents[2] / "src/model/layers/rbf.ts").read_text()


def centres():
    """The bitmaps, which are data of the paper's figure 3: [10, 84]."""
    rows = [line.strip(' ",') for line in BITMAPS.splitlines() if line.startswith('  "')]
    return torch.tensor([[1.0 if pixel == "#" else -1.0 for pixel in row.replace(" ", "")] for row in rows])


def pattern(shape, salt, bound):
    """Values between ±bound that follow from their index: the remainders of a quadratic."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    remainder = (index * index * 31 + index * 7919 + salt * 104729) % 2003
    return ((remainder.double() - 1001) / 1001 * bound).reshape(shape)


def squash(a):
    return 1.7159 * torch.tanh(2 / 3 * a)


def make_parameters():
    mask = torch.tensor([[1.0 if str(source) in sources else 0.0 for source in range(6)] for sources in TABLE])
    shapes = {
        "conv1.weight": (6, 1, 5, 5), "conv1.bias": (6,), "pool1.weight": (6,), "pool1.bias": (6,),
        "conv2.weight": (16, 6, 5, 5), "conv2.bias": (16,), "pool2.weight": (16,), "pool2.bias": (16,),
        "fc1.weight": (120, 400), "fc1.bias": (120,), "fc2.weight": (84, 120), "fc2.bias": (84,),
    }
    # Wide enough for every unit to leave the linear part of its squashing function.
    bounds = {"conv1": 0.3, "pool1": 0.5, "conv2": 0.25, "pool2": 0.5, "fc1": 0.12, "fc2": 0.2}
    parameters = {
        name: pattern(shape, salt, bounds[name.split(".")[0]]).float().double()
        for salt, (name, shape) in enumerate(shapes.items())
    }
    parameters["conv2.weight"] = parameters["conv2.weight"] * mask[:, :, None, None]
    return parameters, mask


def subsample(x, coefficient, bias):
    sums = 4 * functional.avg_pool2d(x, 2)
    return sums, coefficient[None, :, None, None] * sums + bias[None, :, None, None]


def forward(p, images):
    """All weighted sums and outputs, by the paper's names."""
    v = {"x": images}
    v["c1"] = squash(functional.conv2d(images, p["conv1.weight"], p["conv1.bias"]))
    v["s2sums"], a = subsample(v["c1"], p["pool1.weight"], p["pool1.bias"])
    v["s2"] = squash(a)
    v["c3"] = squash(functional.conv2d(v["s2"], p["conv2.weight"], p["conv2.bias"]))
    v["s4sums"], a = subsample(v["c3"], p["pool2.weight"], p["pool2.bias"])
    v["s4"] = squash(a)
    v["c5"] = squash(functional.linear(v["s4"].flatten(1), p["fc1.weight"], p["fc1.bias"]))
    v["f6"] = squash(functional.linear(v["c5"], p["fc2.weight"], p["fc2.bias"]))
    v["y"] = ((v["f6"][:, None, :] - centres()[None]) ** 2).mean(2)
    return v


def losses(y, labels):
    """Equation 9, of each sample."""
    rest = torch.cat([-y, torch.full((len(y), 1), -RUBBISH)], 1)
    return y.gather(1, labels[:, None])[:, 0] + torch.logsumexp(rest, 1)


def second_derivatives(p, v):
    """Appendix C: the diagonal Gauss-Newton second derivatives, averaged over the samples."""
    h = {}

    def slope(y):
        return (2 / 3 * 1.7159 * (1 - (y / 1.7159) ** 2)) ** 2

    def dense(name, x, of_a):
        h[f"{name}.weight"] = of_a.T @ x**2 / SAMPLES
        h[f"{name}.bias"] = of_a.sum(0) / SAMPLES
        return of_a @ p[f"{name}.weight"] ** 2

    def convolution(name, x, of_a):
        h[f"{name}.weight"] = conv2d_weight(x**2, p[f"{name}.weight"].shape, of_a) / SAMPLES
        h[f"{name}.bias"] = of_a.sum((0, 2, 3)) / SAMPLES
        return functional.conv_transpose2d(of_a, p[f"{name}.weight"] ** 2)

    def subsampling(name, sums, of_a):
        h[f"{name}.weight"] = (of_a * sums**2).sum((0, 2, 3)) / SAMPLES
        h[f"{name}.bias"] = of_a.sum((0, 2, 3)) / SAMPLES
        return functional.interpolate(of_a * p[f"{name}.weight"][None, :, None, None] ** 2, scale_factor=2)

    y = v["y"]
    probability = torch.exp(-y) / (torch.exp(-y).sum(1, keepdim=True) + torch.exp(torch.tensor(-RUBBISH)))
    slopes = 2 / 84 * (v["f6"][:, None, :] - centres()[None])
    of_f6 = 2 / 84 + ((probability * (1 - probability))[:, :, None] * slopes**2).sum(1)
    of_c5 = dense("fc2", v["c5"], of_f6 * slope(v["f6"]))
    of_s4 = dense("fc1", v["s4"].flatten(1), of_c5 * slope(v["c5"])).reshape(v["s4"].shape)
    of_c3 = subsampling("pool2", v["s4sums"], of_s4 * slope(v["s4"]))
    of_s2 = convolution("conv2", v["s2"], of_c3 * slope(v["c3"]))
    of_c1 = subsampling("pool1", v["s2sums"], of_s2 * slope(v["s2"]))
    convolution("conv1", v["x"], of_c1 * slope(v["c1"]))
    return h


def main():
    parameters, mask = make_parameters()
    for tensor in parameters.values():
        tensor.requires_grad_(True)
    # Bytes of a picture, normalised as the paper says.
    index = torch.arange(SAMPLES * 1024, dtype=torch.int64)
    pixels = (index * index * 17 + index * 5) % 1009 % 256
    images = (pixels.float() / 255 - torch.tensor(20 / 255).float()) / torch.tensor(200 / 255).float()
    images = images.double().reshape(SAMPLES, 1, 32, 32)
    labels = torch.tensor([3, 0, 8])
    values = forward(parameters, images)
    each = losses(values["y"], labels)
    each.mean().backward()
    with torch.no_grad():
        h = second_derivatives(parameters, values)
    connected = mask[:, :, None, None]
    h["conv2.weight"] = h["conv2.weight"] * connected
    parameters["conv2.weight"].grad *= connected

    def described(tensor):
        flat = tensor.detach().flatten()
        step = max(1, len(flat) // PICKED)
        return {"sum": flat.abs().sum().item(), "step": step, "values": flat[::step].tolist()}

    result = {
        "torch": torch.__version__,
        "rubbishPenalty": RUBBISH,
        "labels": labels.tolist(),
        "losses": each.tolist(),
        "distances": values["y"].flatten().tolist(),
        "gradients": {name: described(tensor.grad) for name, tensor in parameters.items()},
        "secondDerivatives": {name: described(tensor) for name, tensor in h.items()},
    }
    path = pathlib.Path(__file__).with_name("lenet-1998.json")
    path.write_text(json.dumps(result) + "\n")


main()
