"""Reads a run's event file with TensorBoard's own reader and checks what it holds.

Usage: python3 tests/python/check_events.py RUN EPOCHS
"""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

run, epochs = sys.argv[1], int(sys.argv[2])
SCALARS = {
    "loss/train", "loss/validation", "accuracy/train", "accuracy/validation", "learning rate",
    "seconds/train", "seconds/validation",
}

events = EventAccumulator(run, size_guidance={"scalars": 0, "images": 0, "histograms": 0, "tensors": 0})
events.Reload()
tags = events.Tags()


def steps(list_of_events):
    return [event.step for event in list_of_events]


every_epoch = list(range(1, epochs + 1))
for tag in SCALARS:
    assert steps(events.Scalars(tag)) == every_epoch, (tag, steps(events.Scalars(tag)))

rows = [line.split(",") for line in open(f"{run}/history.csv").read().split()[1:]]
for row, event in zip(rows, events.Scalars("loss/train"), strict=True):
    assert abs(float(row[1]) - event.value) < 1e-6, (row, event.value)

assert steps(events.Scalars("accuracy/test")) == [epochs]

for tag in ["conv1.weight", "fc3.bias"]:
    histograms = events.Histograms(f"parameters/{tag}")
    assert steps(histograms) == every_epoch, tag
    value = histograms[0].histogram_value
    assert sum(value.bucket) == value.num == {"conv1.weight": 150, "fc3.bias": 10}[tag], tag

images = events.Images("filters/conv1.weight")
assert steps(images) == every_epoch
assert images[0].encoded_image_string.startswith(b"\x89PNG") and images[0].width == 6 * 42 - 2

plugin = events.PluginTagToContent("hparams")
start = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_start_info"])
assert start.session_start_info.hparams["seed"].number_value == 0
assert start.session_start_info.hparams["optimizer"].string_value == "adamw"
end = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_end_info"])
assert end.session_end_info.status == 1
print(f"TensorBoard reads {len(tags['scalars'])} scalars, {len(tags['histograms'])} histograms, "
      f"{len(tags['images'])} image, {len(start.session_start_info.hparams)} hyperparameters over {epochs} epochs")
