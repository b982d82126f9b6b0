"""Writes PyTorch's reference values into this folder: small LeNet-5 variants, optimizers, schedules and augmentation.

    python make_golden.py

The files were written with PyTorch 2.13, torchvision 0.28, Pillow 12.3 and safetensors 0.8; README.md describes them.
"""

import collections
import json
import pathlib

import numpy
import safetensors.torch
import torch
import torchvision.transforms.functional as transforms
from PIL import Image
from torch import nn

HERE = pathlib.Path(__file__).parent
SEED = 1998
OPTIMIZER_STEPS = 5
CROP_PADDING = 2

Variant = collections.namedtuple(
    "Variant", "name channels size widths classes batch gradients_for normalized", defaults=(False,)
)
SMOOTHINGS = ("0", "0.1")
TRAINED = "improved-1x28x28"
FULL = "improved-1x28x28-full"
NORMALIZED = "improved-1x28x28-batchnorm"
VARIANTS = (
    Variant("paper-1x28x28", 1, 28, (2, 3, 9, 7), 3, 9, SMOOTHINGS),
    Variant("paper-3x32x32", 3, 32, (4, 3, 10, 12), 7, 2, SMOOTHINGS),
    Variant(TRAINED, 1, 28, (3, 4, 12, 10), 10, 5, SMOOTHINGS),
    Variant("improved-3x32x32", 3, 32, (3, 5, 11, 8), 5, 2, SMOOTHINGS),
    # LeNet-5 in its full size; only one set of gradients, to keep the file small.
    Variant(FULL, 1, 28, (6, 16, 120, 84), 10, 2, ("0.1",)),
    # Batch normalisation in all hidden layers; the last tile of its batch has three of eight samples.
    Variant(NORMALIZED, 1, 28, (3, 5, 11, 10), 10, 11, ("0.1",), True),
)

OPTIMIZERS = {
    "adamw": lambda network: torch.optim.AdamW(network.parameters(), lr=1e-3),
    # Hides the rounding in gradients that are exactly 0: those of biases in front of batch normalisation.
    "adamw-epsilon": lambda network: torch.optim.AdamW(network.parameters(), lr=1e-3, eps=1e-4),
    "adam": lambda network: torch.optim.Adam(network.parameters(), lr=1e-3),
    "sgd-momentum": lambda network: torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4),
    "sgd-nesterov": lambda network: torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True),
    "muon": lambda network: MuonAndAdamw(network, lr=1e-3, weight_decay=0.01),
}

MUON_LAYERS = ("conv2", "fc1", "fc2")


def orthogonalized(gradient, coefficients, steps, eps):
    """torch.optim.Muon's iteration in double precision; there it is in bfloat16, too coarse to compare with."""
    a, b, c = coefficients
    x = gradient.double()
    x = x.T if gradient.size(0) > gradient.size(1) else x
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if gradient.size(0) > gradient.size(1) else x).to(gradient.dtype)


torch.optim._muon._zeropower_via_newtonschulz = orthogonalized


class MuonAndAdamw:
    """torch.optim.Muon for the weights of some layers, as matrices, and AdamW for everything else."""

    def __init__(self, network, **settings):
        weights = [network.get_submodule(name).weight for name in MUON_LAYERS]
        rest = [parameter for parameter in network.parameters() if all(parameter is not weight for weight in weights)]
        # A parameter of two dimensions with the same memory.
        self.matrices = [(weight, nn.Parameter(weight.data.flatten(1))) for weight in weights]
        matrices = [matrix for _, matrix in self.matrices]
        self.muon = torch.optim.Muon(matrices, adjust_lr_fn="match_rms_adamw", **settings)
        self.adamw = torch.optim.AdamW(rest, **settings)

    def step(self):
        for weight, matrix in self.matrices:
            matrix.grad = weight.grad.flatten(1)
        self.muon.step()
        self.adamw.step()


# Losses with class weights and a teacher: smoothing, weights or not, temperature, the teacher's share.
LOSSES = {
    "weighted": (0.1, True, 1.0, 0.0),
    "distilled": (0.1, False, 2.0, 0.9),
    "both": (0.05, True, 4.0, 0.3),
}

SCHEDULES = (
    {"max_lr": 0.01, "total_steps": 40},
    {"max_lr": 0.005, "total_steps": 25, "pct_start": 0.2, "div_factor": 10, "final_div_factor": 100},
    {"max_lr": 0.1, "total_steps": 24, "anneal_strategy": "linear"},
    {"max_lr": 0.02, "total_steps": 30, "three_phase": True},
    {"max_lr": 0.02, "total_steps": 27, "three_phase": True, "anneal_strategy": "linear", "pct_start": 0.45},
    {"max_lr": 0.01, "total_steps": 20, "base_momentum": 0.8, "max_momentum": 0.9},
    {"max_lr": 0.01, "total_steps": 2},
)


def build(variant):
    """The network of a variant, with named layers."""
    improved = variant.name.startswith("improved")
    activation = nn.ReLU if improved else nn.Sigmoid
    pooling = nn.MaxPool2d if improved else nn.AvgPool2d
    conv1, conv2, fc1, fc2 = variant.widths
    side = ((variant.size // 2) - 4) // 2
    layers = collections.OrderedDict(
        conv1=nn.Conv2d(variant.channels, conv1, 5, padding=2),
        bn1=nn.BatchNorm2d(conv1),
        activation1=activation(),
        pool1=pooling(2),
        conv2=nn.Conv2d(conv1, conv2, 5),
        bn2=nn.BatchNorm2d(conv2),
        activation2=activation(),
        pool2=pooling(2),
        flatten=nn.Flatten(),
        fc1=nn.Linear(conv2 * side * side, fc1),
        bn3=nn.BatchNorm1d(fc1),
        activation3=activation(),
        fc2=nn.Linear(fc1, fc2),
        bn4=nn.BatchNorm1d(fc2),
        activation4=activation(),
        fc3=nn.Linear(fc2, variant.classes),
    )
    kept = (name for name in layers if variant.normalized or not name.startswith("bn"))
    return nn.Sequential(collections.OrderedDict((name, layers[name]) for name in kept))


def randomize_statistics(network):
    """Gives batch normalisation running statistics, weights and biases that a mistake would show in."""
    for layer in network.children():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    network.eval()


# The layers whose outputs are saved, and the names that they are saved under.
SAVED = {
    name: name
    for name in ("conv1", "bn1", "pool1", "conv2", "bn2", "pool2", "fc1", "bn3", "fc2", "bn4")
} | {"fc3": "logits"}


def prefixed(prefix, tensors):
    return {prefix + name: tensor.detach().clone().contiguous() for name, tensor in tensors}


def parameters_and_buffers(network):
    """A state_dict without the number of batches, which only matters to PyTorch."""
    return [(name, value) for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")]


def activations(network, x):
    outputs = []
    for name, layer in network.named_children():
        x = layer(x)
        if name in SAVED:
            outputs.append((SAVED[name], x))
    return prefixed("act.", outputs)


def gradients(network, loss):
    network.zero_grad()
    loss.backward()
    return [(name, parameter.grad) for name, parameter in network.named_parameters()]


def save(name, tensors):
    safetensors.torch.save_file(tensors, HERE / f"{name}.safetensors")


def save_model(variant):
    torch.manual_seed(SEED)
    network = build(variant)
    if variant.normalized:
        randomize_statistics(network)
    x = torch.rand(variant.batch, variant.channels, variant.size, variant.size) * 2 - 1
    labels = torch.randint(variant.classes, (variant.batch,))
    tensors = prefixed("param.", parameters_and_buffers(network)) | {"input": x, "target": labels.to(torch.int32)}
    tensors |= activations(network, x)
    for smoothing in SMOOTHINGS:
        loss = nn.functional.cross_entropy(network(x), labels, label_smoothing=float(smoothing))
        tensors[f"smooth{smoothing}.loss"] = loss.detach().reshape(1)
        if smoothing in variant.gradients_for:
            tensors |= prefixed(f"smooth{smoothing}.grad.", gradients(network, loss))
    if variant.normalized:
        tensors |= trained_once(network, x, labels)
    save(variant.name, tensors)
    if variant.normalized:
        save_trained(variant.name, network, x, labels, ["adamw-epsilon"])
    if variant.name != FULL:
        torch.save(network.state_dict(), HERE / f"{variant.name}.pth")
    if variant.name == TRAINED:
        legacy = HERE / f"{variant.name}.legacy.pth"
        torch.save(network.state_dict(), legacy, _use_new_zipfile_serialization=False)
        save_losses(variant, network, x, labels)
        save_trained(variant.name, network, x, labels, [name for name in OPTIMIZERS if name != "adamw-epsilon"])


def distilled_loss(logits, labels, teacher, weights, settings):
    smoothing, weighted, temperature, share = settings
    hard = nn.CrossEntropyLoss(weight=weights if weighted else None, label_smoothing=smoothing)(logits, labels)
    wanted = nn.functional.log_softmax(teacher / temperature, 1)
    own = nn.functional.log_softmax(logits / temperature, 1)
    soft = nn.KLDivLoss(reduction="batchmean", log_target=True)(own, wanted)
    return (1 - share) * hard + share * temperature**2 * soft


def save_losses(variant, network, x, labels):
    generator = torch.Generator().manual_seed(SEED)
    teacher = 4 * torch.randn(variant.batch, variant.classes, generator=generator)
    weights = torch.rand(variant.classes, generator=generator) * 3
    tensors = {"teacher": teacher, "class_weights": weights}
    for name, settings in LOSSES.items():
        loss = distilled_loss(network(x), labels, teacher, weights, settings)
        tensors[f"{name}.loss"] = loss.detach().reshape(1)
        tensors |= prefixed(f"{name}.grad.", gradients(network, loss))
    save(f"{variant.name}.losses", tensors)


WITHOUT_EFFECT = ("conv1.bias", "conv2.bias", "fc1.bias", "fc2.bias")


def trained_once(network, x, labels):
    """Loss, gradients and running statistics of one pass in training mode; leaves the network as it was."""
    start = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    network.train()
    loss = nn.functional.cross_entropy(network(x), labels)
    # Biases in front of batch normalisation have no effect: their gradients are rounding.
    learned = [(name, gradient) for name, gradient in gradients(network, loss) if name not in WITHOUT_EFFECT]
    tensors = {"train.loss": loss.detach().reshape(1)} | prefixed("train.grad.", learned)
    buffers = [(name, value) for name, value in network.named_buffers() if "running" in name]
    tensors |= prefixed("train.", buffers)
    network.load_state_dict(start)
    network.eval()
    return tensors


def save_trained(name, network, x, labels, optimizers):
    start = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    for optimizer_name in optimizers:
        network.load_state_dict(start)
        network.train()
        optimizer = OPTIMIZERS[optimizer_name](network)
        losses = []
        for _ in range(OPTIMIZER_STEPS):
            loss = nn.functional.cross_entropy(network(x), labels)
            gradients(network, loss)
            optimizer.step()
            losses.append(loss.item())
        trained = prefixed(f"step{OPTIMIZER_STEPS}.", parameters_and_buffers(network))
        trained["losses"] = torch.tensor(losses)
        network.eval()
        if name == NORMALIZED:
            trained[f"step{OPTIMIZER_STEPS}.logits"] = network(x).detach()
        save(f"{name}.{optimizer_name}", trained)
    network.load_state_dict(start)


def scheduled(settings):
    optimizer = torch.optim.AdamW([nn.Parameter(torch.zeros(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, **settings)
    rows = []
    while True:
        group = optimizer.param_groups[0]
        rows.append([group["lr"], group["betas"][0]])
        if len(rows) == settings["total_steps"]:
            return rows
        optimizer.step()
        schedule.step()


def save_schedules():
    schedules = {
        " ".join(f"{key}={value}" for key, value in settings.items()): settings | {"lr_and_beta1": scheduled(settings)}
        for settings in SCHEDULES
    }
    (HERE / "schedules.json").write_text(json.dumps(schedules, indent=1) + "\n")


def source_images(count):
    """Images in which neighbouring pixels differ, so that a misplaced pixel shows."""
    n, row, column = numpy.ogrid[0:count, 0:28, 0:28]
    return ((37 * n + 11 * row * column + 7 * row + 3 * column * column) % 256).astype(numpy.uint8)


def stacked(images):
    return torch.from_numpy(numpy.stack([numpy.asarray(image) for image in images]))


def save_augmentation():
    degrees = [0.0, 10.0, -10.0, 7.5, -3.25, 0.5, -0.1, 9.87654321, -6.54321]
    large = [45.0, 90.0, -90.0, 180.0, 33.3, -120.0, 271.0, 270.0, 720.5]
    corners = [(0, 0), (4, 4), (2, 2), (0, 4), (4, 0), (1, 3), (3, 2), (2, 1), (0, 2)]
    flips = [0, 1, 0, 1, 1, 0, 1, 0, 1]
    source = source_images(len(degrees))
    images = [Image.fromarray(image) for image in source]
    cropped = [
        transforms.crop(transforms.pad(image, CROP_PADDING), top, left, 28, 28)
        for image, (top, left) in zip(images, corners, strict=True)
    ]
    mirrored = [transforms.hflip(image) if flip else image for image, flip in zip(cropped, flips, strict=True)]
    chained = stacked(map(transforms.rotate, mirrored, degrees))
    save(
        "augment",
        {
            "source": torch.from_numpy(source),
            "rotate.degrees": torch.tensor(degrees, dtype=torch.float64),
            "rotate.out": stacked(map(transforms.rotate, images, degrees)),
            "rotate-large.degrees": torch.tensor(large, dtype=torch.float64),
            "rotate-large.out": stacked(map(transforms.rotate, images, large)),
            "crop.top_left": torch.tensor(corners, dtype=torch.int32),
            "crop.out": stacked(cropped),
            "chain.flip": torch.tensor(flips, dtype=torch.int32),
            "chain.out": chained,
            "normalised": (chained / 255 - 0.5) / 0.5,
        },
    )


torch.set_num_threads(1)
for variant in VARIANTS:
    save_model(variant)
save_schedules()
save_augmentation()
