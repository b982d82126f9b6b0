"""Checks ONNX files with ONNX's own tools, and what they compute against expected values.

    python check_onnx.py FILE... [--expected VALUES]

VALUES is a .safetensors, .npz or .json file with arrays named like a graph's inputs and outputs, such as `input` and
`logits`. Exits with 1 if a file is wrong. Needs onnx and onnxruntime.
"""

import argparse
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-5
BATCHES = (1, 3, 64)


def check(path, expected=None):
    """Raises an exception unless the file is a valid graph that computes the expected values.

    expected: arrays by the names of inputs and outputs. Returns the largest difference, relative to the largest
    value.
    """
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    check_shapes(model)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    check_batches(session)
    return None if expected is None else compare(session, expected)


def check_shapes(model):
    """Checks that every value's inferred shape equals the stated one, with the batch as the only unknown."""
    stated = {value.name: value for value in model.graph.value_info}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    shapes = {value.name: value.type for value in (*inferred.graph.value_info, *inferred.graph.output)}
    for node in model.graph.node:
        assert node.name, f"a node {node.op_type} has no name"
        for name in node.output:
            batch, *sizes = shapes[name].tensor_type.shape.dim
            assert batch.dim_param, f"{name}: its batch is {batch.dim_value}"
            assert sizes and all(size.dim_value > 0 for size in sizes), f"{name}: its shape is not known"
            assert name not in stated or stated[name].type == shapes[name], f"{name}: its shape is another"


def check_batches(session):
    """Checks that any batch size works."""
    (input_,) = session.get_inputs()
    for batch in BATCHES:
        values = numpy.zeros((batch, *input_.shape[1:]), {"tensor(uint8)": numpy.uint8}.get(input_.type, numpy.float32))
        for output in session.run(None, {input_.name: values}):
            assert output.shape[0] == batch and numpy.isfinite(output).all()


def compare(session, expected):
    inputs = {value.name: expected[value.name] for value in session.get_inputs()}
    worst = 0.0
    for value, found in zip(session.get_outputs(), session.run(None, inputs), strict=True):
        wanted = expected[value.name]
        assert found.shape == wanted.shape, f"{value.name}: {found.shape}, expected {wanted.shape}"
        worst = max(worst, float(numpy.abs(found - wanted).max() / numpy.abs(wanted).max()))
    assert worst <= TOLERANCE, f"differs by {worst:.1e} of the largest value"
    return worst


def load(path):
    if path.suffix == ".safetensors":
        import safetensors.numpy

        return safetensors.numpy.load_file(path)
    if path.suffix == ".npz":
        return dict(numpy.load(path))
    arrays = json.loads(path.read_text())
    return {name: numpy.asarray(values, dtype=numpy.float32) for name, values in arrays.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--expected", type=pathlib.Path, metavar="VALUES")
    options = parser.parse_args()
    expected = options.expected and load(options.expected)
    failed = False
    for path in options.files:
        try:
            difference = check(str(path), expected)
            print(f"{path}: valid" + ("" if difference is None else f", differs by {difference:.1e}"))
        except Exception as error:  # the tools may raise anything
            failed = True
            print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
