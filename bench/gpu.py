"""PyTorch's side of gpu.mjs: reads requests from standard input, one line of JSON each, and answers each with one line."""

import platform
import subprocess
import time

import torch
import torchvision
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import FashionMNIST

from pytorch import lenet5, run_timer, serve

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WARM_UP_STEPS = 11
BATCHES_IN_MEMORY = 50
LEARNING_RATE, WEIGHT_DECAY, BETAS, EPSILON = 1e-3, 0.01, (0.9, 0.999), 1e-8


def synchronize():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def versions():
    """The card, its driver and the software."""
    names = {"PyTorch": torch.__version__, "torchvision": torchvision.__version__, "Python": platform.python_version()}
    if DEVICE.type == "cpu":
        return {**names, "PyTorch's device": f"CPU, {torch.get_num_threads()} threads (no CUDA)"}
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    driver = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    return {**names, "CUDA": torch.version.cuda, "PyTorch's device": torch.cuda.get_device_name(), "driver": (driver or ["?"])[0]}


def criterion_for(recipe):
    return nn.CrossEntropyLoss(label_smoothing=0.05 if recipe == "improved" else 0.0)


class SingleStep:
    """A training step of one network with torch.optim.AdamW."""

    def __init__(self, recipe, networks, captured):
        assert networks == 1
        self.model = lenet5(recipe).to(DEVICE).train()
        self.criterion = criterion_for(recipe)
        faster = {"fused": True, "capturable": True} if captured else {}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE, **faster)

    def prepare(self):
        self.optimizer.zero_grad(set_to_none=True)

    def __call__(self, x, y):
        loss = self.criterion(self.model(x[0]), y[0])
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class FleetStep:
    """A training step of networks side by side: vmap over their parameters, and AdamW on all of them at once."""

    def __init__(self, recipe, networks, captured):
        models = [lenet5(recipe).to(DEVICE).train() for _ in range(networks)]
        self.parameters, _ = stack_module_state(models)
        self.parameters = {name: value.detach().clone() for name, value in self.parameters.items()}
        self.first = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.second = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.step = torch.zeros((), device=DEVICE)
        base, criterion = models[0], criterion_for(recipe)

        def loss_of(parameters, x, y):
            return criterion(functional_call(base, parameters, (x,)), y)

        self.differentiate = vmap(grad_and_value(loss_of), randomness="different")

    def prepare(self):
        pass

    @torch.no_grad()
    def __call__(self, x, y):
        gradients, losses = self.differentiate(self.parameters, x, y)
        names = list(self.parameters)
        parameters, first, second, gradients = (
            [tensors[name] for name in names] for tensors in (self.parameters, self.first, self.second, gradients)
        )
        self.step += 1
        torch._foreach_mul_(parameters, 1 - LEARNING_RATE * WEIGHT_DECAY)
        torch._foreach_lerp_(first, gradients, 1 - BETAS[0])
        torch._foreach_mul_(second, BETAS[1])
        torch._foreach_addcmul_(second, gradients, gradients, 1 - BETAS[1])
        sizes = torch._foreach_sqrt(second)
        torch._foreach_div_(sizes, torch.sqrt(1 - BETAS[1] ** self.step))
        torch._foreach_add_(sizes, EPSILON)
        steps = torch._foreach_div(first, sizes)
        torch._foreach_mul_(steps, LEARNING_RATE / (1 - BETAS[0] ** self.step))
        torch._foreach_sub_(parameters, steps)
        return losses.mean()


class StepTimer:
    """Times training steps on normalised batches in the device's memory: eager, or replayed from a CUDA graph."""

    def __init__(self, mode, recipe, batch, networks):
        torch.manual_seed(0)
        captured = mode.endswith("graph")
        if captured and DEVICE.type == "cpu":
            raise RuntimeError("CUDA graphs need a CUDA device")
        step = (FleetStep if mode.startswith("vmap") else SingleStep)(recipe, networks, captured)
        count = max(2, min(BATCHES_IN_MEMORY, 2**26 // (networks * batch * 784)))
        self.inputs = torch.rand(count, networks, batch, 1, 28, 28, device=DEVICE) * 2 - 1
        self.labels = torch.randint(0, 10, (count, networks, batch), device=DEVICE)
        self.x, self.y = self.inputs[0].clone(), self.labels[0].clone()
        self.step = self._capture(step) if captured else lambda: self._eager(step)

    def _eager(self, step):
        step.prepare()
        self.loss = step(self.x, self.y)

    def _capture(self, step):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                step.prepare()
                step(self.x, self.y)
        torch.cuda.current_stream().wait_stream(stream)
        step.prepare()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.loss = step(self.x, self.y)
        return graph.replay

    def run(self, runs):
        """Returns the seconds per step, and those of the processor."""
        synchronize()
        start, start_processor = time.perf_counter(), time.process_time()
        for index in range(runs):
            self.x.copy_(self.inputs[index % len(self.inputs)])
            self.y.copy_(self.labels[index % len(self.labels)])
            self.step()
        loss = self.loss.item()
        seconds = (time.perf_counter() - start) / runs
        if not loss == loss:
            raise RuntimeError("the loss is not a number")
        return {"seconds": seconds, "processorSeconds": (time.process_time() - start_processor) / runs}


class EpochTimer:
    """Times the tutorial's script: a DataLoader augments all images with PIL, the network is on the device."""

    def __init__(self, recipe, batch, workers, root, images):
        augmented = transforms.Compose([
            transforms.RandomCrop(28, padding=2),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(10),
            transforms.ToTensor(),
            transforms.Normalize((0.5,), (0.5,)),
        ])
        data = FashionMNIST(root, train=True, transform=augmented, download=False)
        data = torch.utils.data.Subset(data, range(images))
        train, validation = random_split(data, [0.8, 0.2], torch.Generator().manual_seed(0))
        self.train = DataLoader(train, batch_size=batch, shuffle=True, num_workers=workers)
        self.validation = DataLoader(validation, batch_size=batch, shuffle=False, num_workers=workers)
        self.recipe = recipe

    def run(self):
        """Trains and validates a new network; returns the seconds of both, and the validation accuracy."""
        torch.manual_seed(0)
        model, criterion = lenet5(self.recipe).to(DEVICE), criterion_for(self.recipe)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
        start = time.perf_counter()
        model.train()
        self._pass(model, criterion, self.train, optimizer)
        middle = time.perf_counter()
        model.eval()
        with torch.no_grad():
            accuracy = self._pass(model, criterion, self.validation, None)
        end = time.perf_counter()
        return {"trainSeconds": middle - start, "validationSeconds": end - middle, "accuracy": accuracy}

    @staticmethod
    def _pass(model, criterion, loader, optimizer):
        loss_sum = correct = total = 0
        for x, y in loader:
            x, y = x.to(DEVICE), y.to(DEVICE)
            logits = model(x)
            loss = criterion(logits, y)
            if optimizer:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += (logits.argmax(1) == y).sum().item()
            total += len(y)
        return correct / total


def answer(request, timers):
    """Handles a request; timers are kept for later requests of the same kind, until they are dropped."""
    do = request.pop("do")
    if do == "versions":
        return versions()
    if do == "drop":
        timers.clear()
        if DEVICE.type == "cuda":
            torch.cuda.empty_cache()
        return {}
    return run_timer(do, request, timers, {"steps": StepTimer, "epoch": EpochTimer})


if __name__ == "__main__":
    serve(answer)
