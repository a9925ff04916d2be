"""Which linear maps a training step uses, in which directions, and how often.

These are the fewest that the step needs. Left out are gradients by a network's input if that is
data, and heads whose output no loss reads.

    D step    D on its batches: forward and both gradients, on one concatenated batch if D has no
              batch normalization. One forward pass of G for each batch of generated images.
    G step    G and D forward, gradients by D's inputs only, both gradients in G. Feature matching
              needs no head, and another forward pass of D over real images. Truncated latents
              double the step: the source head and the class head get different images.
    FixMatch  One pass of labeled, weak and strong images that trains the classifier. The weak
              images' gradient is 0 at the logits, but not below batch normalization. FlexMatch has
              the same.
    teacher   Mean teacher: a pass of the student that trains it, and a forward pass of the teacher
              over as many images. ICT: two passes of the student, over mixtures of labeled and of
              unlabeled images, and a forward pass of the teacher over unlabeled images.
    ALI       The encoder is trained on labeled and unlabeled images, G on a batch of latents, and
              D on the pairs of both. The gradients of encoder and G take another pass back through
              D: by the codes of real images, and by the generated images.
    triple    Triple-GAN: the classifier labels two batches, and D is trained on four. The
              classifier is trained on labeled and unlabeled images and, in another pass, on those
              that G's step generated; a forward pass of D scores its labels.
    local     Localized GAN: the derivative of a network along a direction takes a forward pass of
              the maps that it goes through, beside that of the value. The softmax and G's tanh are
              curved, so a loss of derivatives trains the maps in the pass of the value too. D is
              trained so at two batches of G(0, x), whose tangents take G forward, and G at a third,
              beside a pass over three batches, of which D judges two.
    VAT       Two passes that train the classifier, over labeled and over perturbed images; a
              forward pass over unperturbed images; and one with gradients by all inputs, for the
              adversarial direction.
    tau step  G and D forward, and the gradients by their inputs down to G's latents.
    penalty   The penalized gradient, that of D's source head by the images, takes D forward without
              the head, whose scores are not read, and the gradients by all inputs, including the
              first layer's. Its own gradient takes, for each layer, a forward pass (the derivative
              of an input gradient by the gradient from above; not for the head, where that is the
              constant 1) and a kernel gradient. Leaky ReLUs have no second derivative, but
              normalization makes the penalized gradient depend on the activations: this adds kernel
              and input gradients through the forward pass, without the head and the first input.
"""

from collections.abc import Iterator

import keras
import steps
from linear import BY_INPUT, BY_KERNEL, FORWARD, LinearMap, Use, linear_maps


def linear_uses(networks: dict[str, keras.Model], step: steps.Step, batch: int) -> list[Use]:
    """Every pass of every linear map in a step, in order.

    Args:
        networks: "discriminator" and, if there is one, "generator".
        step: The step.
        batch: Batch size.
    """
    return list(_FAMILIES[type(step)](networks, step, batch))


def _recalibration(
    networks: dict[str, keras.Model], step: steps.RecalibrationStep, batch: int
) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    yield from _trained(d, step.batches * batch)
    if step.adversarial:
        g = linear_maps(networks["generator"], "G")
        yield from _all(g, batch, FORWARD)
        yield from _generator_step(g, d, batch)


def _matching(
    networks: dict[str, keras.Model], step: steps.MatchingStep, batch: int
) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    g = linear_maps(networks["generator"], "G")
    features = d[:-1]  # the head is the last layer
    yield from _all(g, batch, FORWARD)
    yield from _trained(d, 3 * batch)
    yield from _all(features, batch, FORWARD)
    yield from _generator_step(g, features, step.fake_ratio * batch)


def _conditional(
    networks: dict[str, keras.Model], step: steps.ConditionalStep, batch: int
) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    yield from _trained(d, batch)
    if not step.adversarial:
        return
    g = linear_maps(networks["generator"], "G")
    source, classes = _without(d, "logits"), _without(d, _source_head(networks["discriminator"]))
    generated = [source, classes] if step.truncated else [d]
    for maps in generated:
        yield from _all(g, batch, FORWARD)
        yield from _trained(maps, batch)
    if step.penalty:
        yield from _penalty(source, batch)
    for maps in generated:
        yield from _generator_step(g, maps, batch)
    if step.search:
        for maps in (g, classes):
            yield from _all(maps, batch, FORWARD, BY_INPUT)


def _wide_resnet(
    networks: dict[str, keras.Model], step: steps.WideResNetStep, batch: int
) -> Iterator[Use]:
    c = linear_maps(networks["discriminator"], "C")
    unlabeled = step.ratio * batch
    if step.views == 2:
        yield from _trained(c, batch + 2 * unlabeled)
        return
    yield from _trained(c, batch)
    yield from _all(c, unlabeled, FORWARD)  # unperturbed
    yield from _all(c, unlabeled, FORWARD, BY_INPUT)  # the adversarial direction
    yield from _trained(c, unlabeled)


def _teacher(
    networks: dict[str, keras.Model], step: steps.TeacherStep, batch: int
) -> Iterator[Use]:
    c = linear_maps(networks["discriminator"], "C")
    yield from _all(c, batch, FORWARD)  # the teacher's, which has the same maps
    for _ in range(2 if step.mixing else 1):
        yield from _trained(c, batch)


def _inference(
    networks: dict[str, keras.Model], step: steps.InferenceStep, batch: int
) -> Iterator[Use]:
    e, g = linear_maps(networks["encoder"], "E"), linear_maps(networks["generator"], "G")
    of_images, of_codes, joint = _joined_maps(networks["discriminator"], "D")
    yield from _trained(e, 2 * batch)
    yield from _trained(g, batch)
    for rows in (2 * batch, batch):
        for path in (of_images, of_codes):
            yield from _trained(path, rows)
        yield from _all(joint, rows, FORWARD, BY_INPUT, BY_KERNEL)
    yield from _all([*of_codes, *joint], 2 * batch, BY_INPUT)
    yield from _all([*of_images, *joint], batch, BY_INPUT)


def _triple(networks: dict[str, keras.Model], step: steps.TripleStep, batch: int) -> Iterator[Use]:
    c, g = linear_maps(networks["classifier"], "C"), linear_maps(networks["generator"], "G")
    d = linear_maps(networks["discriminator"], "D")
    yield from _all(c, 2 * batch, FORWARD)
    yield from _all(g, batch, FORWARD)
    yield from _trained(d, 4 * batch)
    yield from _generator_step(g, d, batch)
    yield from _all(d, batch, FORWARD)
    for rows in (2 * batch, batch):
        yield from _trained(c, rows)


def _local(networks: dict[str, keras.Model], step: steps.LocalStep, batch: int) -> Iterator[Use]:
    d = linear_maps(networks["discriminator"], "D")
    _, of_images, joint = _joined_maps(networks["generator"], "G")
    g = [*of_images, *joint]
    yield from _all(g, batch, FORWARD)
    for _ in range(2):
        for maps in (g, *[joint] * step.tangents):
            yield from _all(maps, batch, FORWARD)
        for _ in range(1 + step.tangents):
            yield from _trained(d, batch)
    yield from _trained(d, 3 * batch)
    yield from _all(d[:-1], batch, FORWARD)  # the head is the last layer
    yield from _generator_step([], d, 2 * batch)
    yield from _trained(g, 3 * batch)
    for maps in (g, *[joint] * step.tangents):
        yield from _trained(maps, batch)


_FAMILIES = {
    steps.RecalibrationStep: _recalibration,
    steps.MatchingStep: _matching,
    steps.ConditionalStep: _conditional,
    steps.WideResNetStep: _wide_resnet,
    steps.TeacherStep: _teacher,
    steps.InferenceStep: _inference,
    steps.TripleStep: _triple,
    steps.LocalStep: _local,
}


def _penalty(maps: list[LinearMap], batch: int) -> Iterator[Use]:
    """The gradient penalty of a critic with normalization; its head is the last map."""
    *trunk, _ = maps
    yield from _all(trunk, batch, FORWARD)
    yield from _all(maps, batch, BY_INPUT)
    yield from _all(trunk, batch, FORWARD)
    yield from _all(maps, batch, BY_KERNEL)
    yield from _all(trunk, batch, BY_KERNEL)
    yield from _all(trunk[1:], batch, BY_INPUT)


def _generator_step(g: list[LinearMap], d: list[LinearMap], batch: int) -> Iterator[Use]:
    """Passes of D for the gradients by generated images, and passes that train G."""
    yield from _all(d, batch, FORWARD, BY_INPUT)
    yield from _trained(g, batch)


def _trained(maps: list[LinearMap], batch: int) -> Iterator[Use]:
    """A pass that trains the maps; the input of the first one is data."""
    yield from _all(maps, batch, FORWARD, BY_KERNEL)
    yield from _all(maps[1:], batch, BY_INPUT)


def _all(maps: list[LinearMap], batch: int, *directions: str) -> Iterator[Use]:
    for linear in maps:
        for direction in directions:
            yield Use(linear, batch, direction)


def _joined_maps(network: keras.Model, prefix: str) -> list[list[LinearMap]]:
    """The maps of each input of a network that concatenates them once, and those behind."""
    join = next(x for x in network.layers if isinstance(x, keras.layers.Concatenate))
    paths = [
        linear_maps(keras.Model(source, end), prefix)
        for source, end in zip(network.inputs, join.input, strict=True)
    ]
    before = [linear for path in paths for linear in path]
    return [*paths, [linear for linear in linear_maps(network, prefix) if linear not in before]]


def _without(maps: list[LinearMap], layer: str) -> list[LinearMap]:
    return [linear for linear in maps if linear.name != f"D {layer}"]


def _source_head(discriminator: keras.Model) -> str:
    """Name of the source head's layer: the output "source" is its flattened output."""
    flattened = discriminator.get_layer("source").input
    return next(layer.name for layer in discriminator.layers if layer.output is flattened)
