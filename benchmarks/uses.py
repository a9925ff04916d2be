"""Which linear maps a training step takes, in which directions, and how often.

No step can take fewer. What is left out: the gradient by a network's input where that is data, and
a head whose output a loss does not read.

    D step    D on its batches: forward, both gradients. Concatenated to one batch where D has no
              batch normalization. A forward pass of G for each batch of generated images.
    G step    G and D forward; gradients by D's inputs alone; both gradients in G. Feature matching
              needs no head, and another forward pass of D over real images. Truncated latents
              double it: G's images for the source head, and others for the class head.
    residual  FixMatch: one pass of labeled, weak and strong images that trains the classifier, the
              weak ones' gradient being 0 at the logits, but not beyond batch normalization. VAT: a
              pass over labeled images and one over perturbed ones that train it, a forward pass
              over images as they are, and one with gradients by all inputs for the direction.
    tau step  G and D forward, and the gradients by their inputs down to G's latents.
    penalty   Of the slope of D's source head by its images. The slope takes D forward, but for the
              head, whose scores nothing reads, and the gradients by all inputs, those of the first
              layer included. The gradient of that, where the loss's gradient by the slope is a map
              of the images' shape: the gradient of an input gradient by what comes from above is a
              forward pass (not for the head: above it there is the constant 1), and each layer has
              a kernel gradient. Leaky ReLUs have no curvature, but normalization makes the slope
              depend on the activations: kernel and input gradients through the forward pass, once
              more, the head left out and the images being data.
"""

from collections.abc import Iterator

import keras
import steps
from linear import BY_INPUT, BY_KERNEL, FORWARD, Linear, Use, linear_maps


def needed(networks: dict[str, keras.Model], step: steps.Step, batch: int) -> list[Use]:
    """The layers of a step: every pass of every linear map, in order.

    Args:
        networks: "discriminator" and, where there is one, "generator".
        step: The step.
        batch: Images a batch.
    """
    return list(_FAMILIES[type(step)](networks, step, batch))


def _recalibrated(
    networks: dict[str, keras.Model], step: steps.Recalibrated, batch: int
) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    yield from _trained(d, step.batches * batch)
    if step.adversarial:
        g = linear_maps(networks["generator"], "G")
        yield from _all(g, batch, FORWARD)
        yield from _generator_step(g, d, batch)


def _matching(networks: dict[str, keras.Model], step: steps.Matching, batch: int) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    g = linear_maps(networks["generator"], "G")
    features = d[:-1]  # the head is the last layer
    yield from _all(g, batch, FORWARD)
    yield from _trained(d, 3 * batch)
    yield from _all(features, batch, FORWARD)
    yield from _generator_step(g, features, step.fake_ratio * batch)


def _conditional(
    networks: dict[str, keras.Model], step: steps.Conditional, batch: int
) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    yield from _trained(d, batch)
    if not step.adversarial:
        return
    g = linear_maps(networks["generator"], "G")
    source, classes = _without(d, "logits"), _without(d, _source_head(networks["discriminator"]))
    judged = [source, classes] if step.truncated else [d]
    for maps in judged:
        yield from _all(g, batch, FORWARD)
        yield from _trained(maps, batch)
    if step.penalty:
        yield from _penalty(source, batch)
    for maps in judged:
        yield from _generator_step(g, maps, batch)
    if step.search:
        for maps in (g, classes):
            yield from _all(maps, batch, FORWARD, BY_INPUT)


def _residual(networks: dict[str, keras.Model], step: steps.Residual, batch: int) -> Iterator[Use]:
    c = linear_maps(networks["discriminator"], "C")
    unlabeled = step.ratio * batch
    if step.views == 2:
        yield from _trained(c, batch + 2 * unlabeled)
        return
    yield from _trained(c, batch)
    yield from _all(c, unlabeled, FORWARD)  # as they are
    yield from _all(c, unlabeled, FORWARD, BY_INPUT)  # the direction
    yield from _trained(c, unlabeled)


_FAMILIES = {
    steps.Recalibrated: _recalibrated,
    steps.Matching: _matching,
    steps.Conditional: _conditional,
    steps.Residual: _residual,
}


def _penalty(maps: list[Linear], batch: int) -> Iterator[Use]:
    """The gradient penalty of a critic with normalization whose head is its last map."""
    *trunk, _ = maps
    yield from _all(trunk, batch, FORWARD)
    yield from _all(maps, batch, BY_INPUT)
    yield from _all(trunk, batch, FORWARD)
    yield from _all(maps, batch, BY_KERNEL)
    yield from _all(trunk, batch, BY_KERNEL)
    yield from _all(trunk[1:], batch, BY_INPUT)


def _generator_step(g: list[Linear], d: list[Linear], batch: int) -> Iterator[Use]:
    """Through D to the images, and on to G's kernels."""
    yield from _all(d, batch, FORWARD, BY_INPUT)
    yield from _trained(g, batch)


def _trained(maps: list[Linear], batch: int) -> Iterator[Use]:
    """A pass that trains the maps, the input of the first being data."""
    yield from _all(maps, batch, FORWARD, BY_KERNEL)
    yield from _all(maps[1:], batch, BY_INPUT)


def _all(maps: list[Linear], batch: int, *directions: str) -> Iterator[Use]:
    for linear in maps:
        for direction in directions:
            yield Use(linear, batch, direction)


def _without(maps: list[Linear], layer: str) -> list[Linear]:
    return [linear for linear in maps if linear.name != f"D {layer}"]


def _source_head(discriminator: keras.Model) -> str:
    """Name of the layer that the source head consists of: its flattened output is the source."""
    flattened = discriminator.get_layer("source").input
    return next(layer.name for layer in discriminator.layers if layer.output is flattened)
