"""The roofline counts the linear maps of a step, each as often as ours computes it."""

import collections
import importlib
import pathlib

import pytest
import tensorflow as tf

from tf_ssgan.nn import step_random

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"
OPERATIONS = {
    ("conv", "forward"): "Conv2D",
    ("conv", "input gradient"): "Conv2DBackpropInput",
    ("conv", "kernel gradient"): "Conv2DBackpropFilter",
    ("transposed", "forward"): "Conv2DBackpropInput",
    ("transposed", "input gradient"): "Conv2D",
    ("transposed", "kernel gradient"): "Conv2DBackpropFilter",
}
ROWS = {"Conv2D": 0, "Conv2DBackpropInput": 2, "Conv2DBackpropFilter": 0}  # input with the batch


@pytest.fixture
def benchmarks(monkeypatch):
    """Imports a module of the benchmarks, which are scripts and in no package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


def built(benchmarks, name):
    """A method at toy size, and its step's uses of linear maps."""
    steps = benchmarks("steps")
    step = steps.STEPS[name]
    ours, size = benchmarks("ours"), step.sizes["toy"]
    made = ours.build(name, size)
    return made, benchmarks("uses").needed(ours.networks(made), step, size.batch)


def computed(made):
    """The operations of one traced step of ours that its results or effects need."""
    shape = made.task.image_shape
    batch = {
        name: {view: tf.zeros([stream.examples, *shape]) for view in stream.views}
        | {"label": tf.zeros([stream.examples], tf.int64)}
        for name, stream in made.streams().items()
    }

    @tf.function
    def step():
        with step_random.at(0, made.step.value):
            return made.train_step(batch)

    graph = step.get_concrete_function().graph
    todo, seen = [x.op for x in graph.outputs] + list(graph.control_outputs), set()
    while todo:
        operation = todo.pop()
        if operation not in seen:
            seen.add(operation)
            todo += [x.op for x in operation.inputs] + list(operation.control_inputs)
    return seen


@pytest.mark.parametrize(
    "name", ["frgan", "i2gan", "alexnet", "acgan", "wacgan_gpt", "vat", "fixmatch"]
)
def test_ours_computes_what_is_counted_and_nothing_else(benchmarks, name):
    made, uses = built(benchmarks, name)
    operations = computed(made)
    convolutions = collections.Counter(
        (x.type, x.inputs[ROWS[x.type]].shape[0]) for x in operations if x.type in ROWS
    )
    counted = collections.Counter(
        (OPERATIONS[use.linear.kind, use.direction], use.batch)
        for use in uses
        if use.linear.kind != "dense"
    )
    assert convolutions == counted
    dense = [use for use in uses if use.linear.kind == "dense"]
    assert sum(x.type == "MatMul" for x in operations) == len(dense)


def test_what_a_gradient_penalty_takes(benchmarks):
    """Three convolutions with normalization and a head, worked by hand.

    Forward without the head, 3; the slope, 4; its gradient, by what comes from above 3 and by the
    kernels 4; through the activations, by the kernels 3 and by the inputs 2.
    """
    _, without = built(benchmarks, "acgan")
    _, whole = built(benchmarks, "wacgan_gp")
    # Each build names its layers anew: conv2d, conv2d_1; then conv2d_4, conv2d_5.
    told = [
        collections.Counter((use.linear.inputs, use.linear.kernel, use.direction) for use in uses)
        for uses in (without, whole)
    ]
    penalty = told[1] - told[0]
    assert penalty.total() == len(whole) - len(without) == 3 + 4 + 3 + 4 + 3 + 2
    first, second, third, head = (
        ((16, 16, 1), (4, 4, 1, 4)),
        ((8, 8, 4), (4, 4, 4, 8)),
        ((4, 4, 8), (4, 4, 8, 16)),
        ((2, 2, 16), (2, 2, 16, 1)),
    )
    each = {
        "forward": [2, 2, 2, 0],
        "input gradient": [1, 2, 2, 1],
        "kernel gradient": [2, 2, 2, 1],
    }
    for direction, times in each.items():
        assert [penalty[(*x, direction)] for x in (first, second, third, head)] == times


def test_every_step_is_that_of_its_method(benchmarks, monkeypatch):
    """A method whose passes are not those of the others is refused."""
    steps, ours = benchmarks("steps"), benchmarks("ours")
    monkeypatch.setitem(steps.STEPS, "acgan_trunc", steps.STEPS["acgan"])
    with pytest.raises(ValueError, match="acgan_trunc takes .*truncated=True"):
        ours.build("acgan_trunc", steps.TOY)
    monkeypatch.setitem(steps.STEPS, "e_i2gan", steps.STEPS["i2gan"])
    with pytest.raises(ValueError, match="e_i2gan takes .*fake_ratio=1"):
        ours.build("e_i2gan", steps.TOY)


@pytest.mark.parametrize(
    ("side", "sides"), [(28, [4, 7, 14, 28]), (32, [4, 8, 16, 32]), (16, [4, 8, 16])]
)
def test_the_maps_of_the_conditional_generator(benchmarks, side, sides):
    steps = benchmarks("steps")
    size = steps.Size(side=side, channels=1, classes=3, batch=2, width=4, latent=8)
    assert steps.conditional_sides(size) == sides
