"""PyTorch's side of pytorch.mjs: reads requests from standard input, one line of JSON each, and answers each with one line."""

import copy
import json
import platform
import sys
import time

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import FashionMNIST

WARM_UP_RUNS = 40
BATCHES_IN_MEMORY = 50


def lenet5(recipe, channels=1, height=28, width=28):
    """The network of a recipe for a size of images, in idiomatic PyTorch."""
    improved = recipe.startswith("improved")
    normalized = recipe == "improved-batchnorm"
    activation = nn.ReLU if improved else nn.Sigmoid
    pooling = nn.MaxPool2d if improved else nn.AvgPool2d
    # After both poolings, the second of a convolution without padding.
    features = 16 * ((height // 2 - 4) // 2) * ((width // 2 - 4) // 2)
    norm2d = lambda maps: [nn.BatchNorm2d(maps)] if normalized else []
    norm1d = lambda features: [nn.BatchNorm1d(features)] if normalized else []
    hidden = [nn.Linear(features, 120), *norm1d(120), activation()]
    hidden_again = [nn.Linear(120, 84), *norm1d(84), activation()]
    if improved:
        hidden.append(nn.Dropout(0.05))
        hidden_again.append(nn.Dropout(0.05))
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2), *norm2d(6), activation(), pooling(2),
        nn.Conv2d(6, 16, 5), *norm2d(16), activation(), pooling(2),
        nn.Flatten(), *hidden, *hidden_again, nn.Linear(84, 10),
    )


class Contestant:
    """A model with its optimizer: eager, eager with the fused optimizer, or compiled with the fused optimizer."""

    def __init__(self, mode, recipe, *size):
        torch.manual_seed(0)
        self.model = lenet5(recipe, *size)
        self.initial = copy.deepcopy(self.model.state_dict())
        self.fused = {} if mode == "eager" else {"fused": True}
        self.restart()
        self.criterion = nn.CrossEntropyLoss(label_smoothing=0.05 if recipe.startswith("improved") else 0.0)
        self.loss_and_logits = self._loss_and_logits
        self.logits = self.model
        if mode == "compile":
            self.loss_and_logits = torch.compile(self._loss_and_logits)
            self.logits = torch.compile(self.model)

    def restart(self):
        """Restores the initial parameters; compiled code stays compiled."""
        self.model.load_state_dict(self.initial)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, **self.fused)

    def _loss_and_logits(self, x, y):
        logits = self.model(x)
        return self.criterion(logits, y), logits

    def step(self, x, y):
        """Takes one training step; returns the loss as a number, and the logits."""
        self.optimizer.zero_grad()
        loss, logits = self.loss_and_logits(x, y)
        loss.backward()
        self.optimizer.step()
        return loss.item(), logits


class StepTimer:
    """Times steps or forward passes on batches in memory."""

    def __init__(self, mode, recipe, input, batch, kind):
        self.contestant = Contestant(mode, recipe, *input)
        self.kind = kind
        self.inputs = torch.rand(BATCHES_IN_MEMORY, batch, *input) * 2 - 1
        self.labels = torch.randint(0, 10, (BATCHES_IN_MEMORY, batch))
        self.run(WARM_UP_RUNS)

    def run(self, runs):
        """Returns, per run, the seconds and the processor seconds of all threads."""
        contestant = self.contestant
        batches = [(self.inputs[index % BATCHES_IN_MEMORY], self.labels[index % BATCHES_IN_MEMORY]) for index in range(runs)]
        contestant.model.train(self.kind == "train")
        with torch.inference_mode(self.kind == "forward"):
            start, start_processor = time.perf_counter(), time.process_time()
            for x, y in batches:
                if self.kind == "train":
                    contestant.step(x, y)
                else:
                    contestant.logits(x)
            end, end_processor = time.perf_counter(), time.process_time()
        return {"seconds": (end - start) / runs, "processorSeconds": (end_processor - start_processor) / runs}


class EpochTimer:
    """Times an epoch of the tutorial: a DataLoader augments all 60,000 images; four fifths are for training."""

    def __init__(self, mode, recipe, batch, workers, root):
        augmented = transforms.Compose([
            transforms.RandomCrop(28, padding=2),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(10),
            transforms.ToTensor(),
            transforms.Normalize((0.5,), (0.5,)),
        ])
        images = FashionMNIST(root, train=True, transform=augmented, download=False)
        train, validation = random_split(images, [0.8, 0.2], torch.Generator().manual_seed(0))
        self.train = DataLoader(train, batch_size=batch, shuffle=True, num_workers=workers)
        self.validation = DataLoader(validation, batch_size=batch, shuffle=False, num_workers=workers)
        self.contestant = Contestant(mode, recipe)
        self._warm_up(torch.zeros(batch, 1, 28, 28), torch.zeros(batch, dtype=torch.long))

    def _warm_up(self, x, y):
        """Compiles everything that an epoch runs."""
        self.contestant.model.train()
        for _ in range(WARM_UP_RUNS):
            self.contestant.step(x, y)
        self.contestant.model.eval()
        with torch.no_grad():
            self.contestant.loss_and_logits(x, y)

    def run(self):
        """Returns the seconds of both passes, and the validation accuracy, which shows that the model learns."""
        contestant = self.contestant
        contestant.restart()
        model = contestant.model
        model.train()
        loss_sum = correct = 0
        start = time.perf_counter()
        for x, y in self.train:
            loss, logits = contestant.step(x, y)
            loss_sum += loss * len(y)
            correct += (logits.argmax(1) == y).sum().item()
        middle = time.perf_counter()
        model.eval()
        correct = total = 0
        with torch.no_grad():
            for x, y in self.validation:
                loss, logits = contestant.loss_and_logits(x, y)
                loss_sum += loss.item() * len(y)
                correct += (logits.argmax(1) == y).sum().item()
                total += len(y)
        end = time.perf_counter()
        return {"trainSeconds": middle - start, "validationSeconds": end - middle, "accuracy": correct / total}


def answer(request, timers):
    """Handles a request; warmed-up timers are kept for later requests of the same kind."""
    do = request.pop("do")
    if do == "versions":
        return {"PyTorch": torch.__version__, "torchvision": torchvision.__version__, "Python": platform.python_version()}
    return run_timer(do, request, timers, {"steps": StepTimer, "epoch": EpochTimer})


def run_timer(do, request, timers, kinds):
    """Runs the timer of a request, which is made and warmed up for the first of its kind."""
    runs = request.pop("runs", 0)
    key = (do, json.dumps(request))
    if key not in timers:
        timers[key] = kinds[do](**request)
    return timers[key].run(runs) if do == "steps" else timers[key].run()


def serve(answer):
    """Answers the requests on standard input."""
    torch.set_num_threads(int(sys.argv[1]))
    timers = {}
    for line in sys.stdin:
        try:
            result = answer(json.loads(line), timers)
        except Exception as error:  # reported to the script that asks, which decides
            result = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    serve(answer)
