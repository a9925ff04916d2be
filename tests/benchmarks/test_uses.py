"""The linear maps counted for a step are those that the traced step computes."""

import collections

import pytest
import tensorflow as tf

from tf_ssgan.nn import step_random

OPERATIONS = {
    ("conv", "forward"): "Conv2D",
    ("conv", "input gradient"): "Conv2DBackpropInput",
    ("conv", "kernel gradient"): "Conv2DBackpropFilter",
    ("transposed", "forward"): "Conv2DBackpropInput",
    ("transposed", "input gradient"): "Conv2D",
    ("transposed", "kernel gradient"): "Conv2DBackpropFilter",
}
# Operation -> which of its inputs has the batch as its first axis.
BATCH_INPUTS = {"Conv2D": 0, "Conv2DBackpropInput": 2, "Conv2DBackpropFilter": 0}


def build(benchmarks, name):
    """A method at toy size, and the uses of linear maps in its step."""
    steps = benchmarks("steps")
    step = steps.STEPS[name]
    ours, size = benchmarks("ours"), steps.TOY
    method = ours.build(name, size)
    return method, benchmarks("uses").linear_uses(ours.networks(method), step, size.batch)


def computed_operations(method):
    """The operations of a traced step on which its results or effects depend."""
    shape = method.task.image_shape
    batch = {
        name: {view: tf.zeros([stream.examples, *shape]) for view in stream.views}
        | {key: tf.zeros([stream.examples], tf.int64) for key in ("label", "index")}
        for name, stream in method.streams().items()
    }

    @tf.function
    def step():
        with step_random.at(0, method.step.value):
            return method.train_step(batch)

    graph = step.get_concrete_function().graph
    todo, reached = [x.op for x in graph.outputs] + list(graph.control_outputs), set()
    while todo:
        operation = todo.pop()
        if operation not in reached:
            reached.add(operation)
            # Of what has a static shape, these need no value.
            if operation.type not in ("Shape", "ShapeN"):
                todo += [x.op for x in operation.inputs]
            todo += operation.control_inputs
    return reached


@pytest.mark.parametrize(
    "name",
    ["frgan", "i2gan", "alexnet", "acgan", "wacgan_gpt", "vat", "fixmatch", "flexmatch",
     "mean_teacher", "ict", "ali", "triple_gan", "local_gan"],
)  # fmt: skip
def test_a_step_computes_the_counted_maps_and_no_others(benchmarks, name):
    method, uses = build(benchmarks, name)
    operations = computed_operations(method)
    convolutions = collections.Counter(
        (x.type, x.inputs[BATCH_INPUTS[x.type]].shape[0])
        for x in operations
        if x.type in BATCH_INPUTS
    )
    counted = collections.Counter(
        (OPERATIONS[use.linear.kind, use.direction], use.batch)
        for use in uses
        if use.linear.kind != "dense"
    )
    assert convolutions == counted
    dense = [use for use in uses if use.linear.kind == "dense"]
    assert sum(x.type == "MatMul" for x in operations) == len(dense)


def test_the_uses_of_a_gradient_penalty_by_hand(benchmarks):
    """A critic with three convolutions with normalization, and a head.

    Forward without the head, 3; the input gradient, 4; its gradient by the gradients from above, 3,
    and by the kernels, 4; through the activations, by the kernels, 3, and by the inputs, 2.
    """
    _, without = build(benchmarks, "acgan")
    _, whole = build(benchmarks, "wacgan_gp")
    # Layers are compared by their shapes, because Keras numbers their names across both builds.
    counts = [
        collections.Counter((use.linear.inputs, use.linear.kernel, use.direction) for use in uses)
        for uses in (without, whole)
    ]
    penalty = counts[1] - counts[0]
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
