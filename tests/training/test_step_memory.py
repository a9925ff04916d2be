"""A batch that cannot fit into memory is refused before the first step."""

import keras
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import memory_limit
from tf_ssgan.training import step_memory


def test_half_of_what_the_layers_give_is_needed():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(images)
    x = keras.layers.Conv2D(2, 3, padding="same", dtype="mixed_bfloat16")(x)
    network = keras.Model(images, {"logits": keras.layers.Dense(5)(keras.layers.Flatten()(x))})
    per_image = 4 * 8 * 8 * 4 + 2 * 8 * 8 * 2 + 4 * 8 * 8 * 2 + 4 * 5
    assert step_memory.activations(network) == per_image // 2


def test_networks_in_a_network_count():
    images = keras.Input((8, 8, 1))
    convolved = (keras.layers.Conv2D(4, 3, padding="same")(images) for _ in range(2))
    one, two = (keras.Model(images, x) for x in convolved)
    both = keras.layers.Add()([one(images), two(images)])
    outer = keras.Model(images, {"logits": both})
    assert step_memory.activations(outer) == (2 * 8 * 8 * 4 + 8 * 8 * 4) * 4 // 2


@pytest.mark.parametrize("name", ["supervised", "frgan", "fixmatch", "noise_reg", "wsgan"])
def test_a_batch_beyond_the_memory_is_refused(name, monkeypatch):
    method = toy_methods.Toy(name).method
    stage = method.stage
    step_memory.check(method)
    monkeypatch.setattr(memory_limit, "available", lambda: 1_000)
    with pytest.raises(errors.UserError) as error:
        step_memory.check(method)
    start = f"--batch_size={method.hp.batch_size}: the images of one step and what the classifier"
    assert str(error.value).startswith(start)
    assert str(error.value).endswith("give a smaller one.") and method.stage == stage
