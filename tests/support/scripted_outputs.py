"""Hand-made outputs of a network, so that a step's loss is worked out on paper."""

import dataclasses
from typing import Any

import tensorflow as tf

LABELED = [[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]]
WEAK = [[4.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 3.5]]  # sure by .964663, .506480, .943045
STRONG = [[2.0, 1.0, 0.0], [0.2, 0.1, 0.0], [1.0, 0.0, 0.5]]
SUPERVISED, OF_BATCH, OF_SELECTED = 0.501853, 0.529292, 0.793938
LABELS = tf.constant([1, 2], tf.int64)
BATCH = {
    "labeled": {"image": None, "label": LABELS},
    "unlabeled": {"weak": None, "strong": None},
}


def answers(made, **attention: list[list[float]]) -> dict[str, Any]:
    """Makes a method see these outputs, and keep its weights.

    Args:
        made: A method that sends three batches through its network at once.
        **attention: Of the weak and of the strong views, for networks that have it.

    Returns:
        What the next step gives: "loss", "gradients" with respect to the outputs, by name, and
        "decay", with respect to the weights of the network, which no output depends on.
    """
    logits = {"labeled": LABELED, "weak": WEAK, "strong": STRONG}
    sources = {name: tf.Variable(rows) for name, rows in logits.items()}
    sources |= {f"{name}_attention": tf.Variable(rows) for name, rows in attention.items()}

    def forward_concat(network, *batches):
        found = [{"logits": sources[name].value()} for name in logits]
        for output, name in zip(found[1:], attention, strict=False):
            output["attention"] = sources[f"{name}_attention"].value()
        return found

    caught = {}

    def minimize(loss, tape):
        caught["loss"] = float(loss)
        weights = [v.value for v in made.c.variables]
        caught["gradients"], caught["decay"] = tape.gradient(loss, (sources, weights))

    made.forward_concat, made.c.minimize = forward_concat, minimize
    return caught


def reset(toy, monkeypatch):
    """A toy's method at its start, until the end of the test, whatever is put in its place."""
    toy.load(toy.start)
    for owner, names in ((toy.method, ("forward_concat", "hp")), (toy.method.c, ("minimize",))):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    return toy.method


def turned(made, **knobs):
    """The method with other knobs."""
    made.hp = dataclasses.replace(made.hp, **knobs)
    return made
