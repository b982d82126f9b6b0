"""Writes augment-affine.safetensors into this folder: images mapped, brightened and erased by torchvision and Pillow.

    python make_augmentation.py

The file was written with PyTorch 2.13, torchvision 0.28, Pillow 12.3 and safetensors 0.8; README.md describes it.
"""

import pathlib

import numpy
import safetensors.torch
import torch
import torchvision.transforms.functional as transforms
from PIL import Image

HERE = pathlib.Path(__file__).parent
SIDE = 28
CROP_PADDING = 2

# The third map only shifts, the fourth only scales, and the last moves most of the image out of view.
DEGREES = [10.0, -15.0, 0.0, 0.0, 30.0, -7.5, 90.0, 0.0, -120.25]
RIGHT_DOWN = [(3, -2), (0, 0), (4, 5), (0, 0), (1, 1), (0, -3), (2, 0), (-1, 4), (10, -12)]
SCALES = [1.1, 0.85, 1.0, 0.8765, 1.25, 0.95, 1.0, 1.15, 0.5]
SHEARS = [5.0, -8.0, 0.0, 0.0, 0.0, 12.5, -20.0, 8.0, 45.0]
SQUEEZES = [0.8, 1.2, 1.15, 0.9, 1.05, 0.7, 1.3, 0.95, 1.9]
FACTORS = [0.8, 1.2, 0.0, 1.0, 0.9137, 1.7, 1.0001, 0.5, 3.3]
CORNERS = [(0, 0), (4, 4), (2, 2), (0, 4), (4, 0), (1, 3), (3, 2), (2, 1), (0, 2)]
FLIPS = [0, 1, 0, 1, 1, 0, 1, 0, 1]
SQUARES = [(-5, -5), (20, 23), (9, 9), (27, 0), (0, 27), (-3, 12), (14, 14), (5, 25), (10, 3)]
SQUARE_SIDES = [10, 10, 10, 3, 1, 10, 0, 28, 6]
BACKGROUNDS = [255, 0, 255, 255, 255, 0, 255, 255, 255]


def images(count):
    """Images in which neighbouring pixels differ, so that a misplaced pixel shows."""
    n, row, column = numpy.ogrid[0:count, 0:SIDE, 0:SIDE]
    return ((41 * n + 13 * row * column + 5 * row + 3 * column * column) % 256).astype(numpy.uint8)


def crop(image, corner, fill):
    return transforms.crop(transforms.pad(image, CROP_PADDING, fill), *corner, SIDE, SIDE)


def flip(image, flipped):
    return transforms.hflip(image) if flipped else image


def affine(image, degrees, right_down, scale, shear, fill=0):
    """Rotates counter-clockwise, like Pillow's rotate; torchvision's affine rotates clockwise."""
    return transforms.affine(image, -degrees, right_down, scale, [shear, 0.0], fill=fill)


def squeezed(image, degrees, right_down, scale, shear, factor):
    """The same map behind one that multiplies the width by a factor and divides the height by it."""
    centre = SIDE / 2
    matrix = transforms._get_inverse_affine_matrix([centre, centre], -degrees, right_down, scale, [shear, 0.0])
    column, row = numpy.reshape(matrix, (2, 3))
    column, row = column / factor, row * factor
    column[2] += centre - centre / factor
    row[2] += centre - centre * factor
    return image.transform((SIDE, SIDE), Image.Transform.AFFINE, [*column, *row], Image.Resampling.NEAREST)


def normalise_and_erase(image, corner, side):
    image = (torch.from_numpy(numpy.array(image)) / 255 - 0.5) / 0.5
    rows, columns = (slice(max(start, 0), max(start + side, 0)) for start in corner)
    image[rows, columns] = 0
    return image


def stacked(images):
    return torch.from_numpy(numpy.stack([numpy.asarray(image) for image in images]))


def numbers(values):
    return torch.tensor(values, dtype=torch.float64)


def integers(values):
    return torch.tensor(values, dtype=torch.int32)


source = images(len(DEGREES))
images = [Image.fromarray(image) for image in source]
full = map(flip, map(crop, images, CORNERS, BACKGROUNDS), FLIPS)
full = map(affine, full, DEGREES, RIGHT_DOWN, SCALES, SHEARS, BACKGROUNDS)
full = map(transforms.adjust_brightness, full, FACTORS)
safetensors.torch.save_file(
    {
        "source": torch.from_numpy(source),
        "affine.degrees": numbers(DEGREES),
        "affine.right_down": integers(RIGHT_DOWN),
        "affine.scale": numbers(SCALES),
        "affine.shear": numbers(SHEARS),
        "affine.out": stacked(map(affine, images, DEGREES, RIGHT_DOWN, SCALES, SHEARS)),
        "squeeze.factor": numbers(SQUEEZES),
        "squeeze.out": stacked(map(squeezed, images, DEGREES, RIGHT_DOWN, SCALES, SHEARS, SQUEEZES)),
        "brightness.factor": numbers(FACTORS),
        "brightness.out": stacked(map(transforms.adjust_brightness, images, FACTORS)),
        "crop.top_left": integers(CORNERS),
        "chain.flip": integers(FLIPS),
        "erase.top_left": integers(SQUARES),
        "erase.side": integers(SQUARE_SIDES),
        "full.background": integers(BACKGROUNDS),
        "full.normalised": torch.stack(list(map(normalise_and_erase, full, SQUARES, SQUARE_SIDES))),
    },
    HERE / "augment-affine.safetensors",
)
