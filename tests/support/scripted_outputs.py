"""Hand-made outputs of a network, so that the loss of a step can be worked out on paper."""

import dataclasses
from typing import Any

import tensorflow as tf

LABELED_LOGITS = [[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]]
# The largest probabilities are .964663, .506480 and .943045.
WEAK_LOGITS = [[4.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 3.5]]
STRONG_LOGITS = [[2.0, 1.0, 0.0], [0.2, 0.1, 0.0], [1.0, 0.0, 0.5]]
SUPERVISED = 0.501853
# The unlabeled loss at threshold .9, divided by the batch size or by the number of selected images.
UNSUPERVISED_OVER_BATCH, UNSUPERVISED_OVER_SELECTED = 0.529292, 0.793938
LABELS = tf.constant([1, 2], tf.int64)
BATCH = {
    "labeled": {"image": None, "label": LABELS},
    "unlabeled": {"weak": None, "strong": None},
}


def script_outputs(method, **attention: list[list[float]]) -> dict[str, Any]:
    """Replaces the network's outputs by these, and keeps the weights fixed.

    Args:
        method: A method that sends three batches through its network in one pass.
        **attention: Attention of the weak and of the strong views, for networks that have it.

    Returns:
        A dictionary that the next step fills: "loss"; "gradients" with respect to the outputs, by
        name; and "decay", the gradients with respect to the weights of the network, on which no
        output depends.
    """
    logits = {"labeled": LABELED_LOGITS, "weak": WEAK_LOGITS, "strong": STRONG_LOGITS}
    sources = {name: tf.Variable(rows) for name, rows in logits.items()}
    sources |= {f"{name}_attention": tf.Variable(rows) for name, rows in attention.items()}

    def forward_concat(network, *batches):
        outputs = [{"logits": sources[name].value()} for name in logits]
        for output, name in zip(outputs[1:], attention, strict=False):
            output["attention"] = sources[f"{name}_attention"].value()
        return outputs

    captured = {}

    def minimize(loss, tape):
        captured["loss"] = float(loss)
        weights = [v.value for v in method.c.variables]
        captured["gradients"], captured["decay"] = tape.gradient(loss, (sources, weights))

    method.forward_concat, method.c.minimize = forward_concat, minimize
    return captured


def reset(toy, monkeypatch):
    """The toy's method at its start; whatever the test replaces in it is restored afterwards."""
    toy.load(toy.start)
    for owner, names in ((toy.method, ("forward_concat", "hp")), (toy.method.c, ("minimize",))):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    return toy.method


def with_hparams(method, **hparams):
    """Sets hyperparameters of the method, and returns the method."""
    method.hp = dataclasses.replace(method.hp, **hparams)
    return method
