"""Gray squares of three classes, tiny runs that learned them, and a cache folder of our own."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.data import content_hash, dataset_info
from tf_ssgan.evaluation import reference_network, reference_training
from tf_ssgan.training import config, loop

NAMES = ("dark", "gray", "light")
TINY = {"labels": 9, "batch_size": 8, "width": 4, "latent_size": 8, "max_steps": 2}


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A folder for what is kept."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def apart(cache):
    """A function of a patch: what is kept lies in a folder of these tests, and epochs are few."""

    def patched(patch):
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setattr(reference_training, "EPOCHS", 12)

    return patched


@pytest.fixture(autouse=True)
def _apart(monkeypatch, apart):
    """All tests are apart."""
    apart(monkeypatch)


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """The squares as npz:DIR, 90 to learn from and 60 to test on."""
    folder = tmp_path_factory.mktemp("squares")
    for name, count, seed in (("train", 90, 0), ("test", 60, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    return f"npz:{folder}"


def gathered(count=300, tests=60, seed=0):
    """The squares as arrays, by content."""
    train, test = toy_methods.images(count, seed=seed), toy_methods.images(tests, seed=seed + 1)
    card = dataset_info.DatasetInfo("squares", 8, 8, 1, NAMES, (0.5,), (0.2,), False, "drawn")
    return content_hash.ordered(dataset_info.Arrays(card, *train, *test))


@pytest.fixture(scope="session")
def arrays():
    """`gathered`, for tests that leave it as it is."""
    return gathered()


@pytest.fixture(scope="session")
def make_arrays():
    """`gathered`, for tests."""
    return gathered


@pytest.fixture(scope="session")
def make_run(tmp_path_factory, squares):
    """A function method, **flags -> folder of a run of two steps; each is run once."""
    made = {}

    def make(method, **given):
        key = method, *sorted(given.items())
        if key not in made:
            folder = tmp_path_factory.mktemp("runs") / method
            settings = {"dataset": squares, "workdir": str(folder)} | TINY | given
            if method == "supervised":
                del settings["latent_size"]
            loop.run(config.configure(method, **settings))
            made[key] = folder
        return made[key]

    return make


@pytest.fixture(scope="session")
def bright():
    """A judge that knows the squares by heart, without training: its feature is the brightness."""
    import keras

    images = keras.Input((8, 8, 1))
    features = keras.layers.GlobalAveragePooling2D()(images)
    logits = keras.layers.Dense(3)(features)
    network = keras.Model(images, {"features": features, "logits": logits})
    # Means in [-1, 1] of pixels 40, 120 and 200; the logits are -80 (x - m)^2 without their x^2.
    means = np.array([(level - 127.5) / 127.5 for level in (40, 120, 200)])
    network.layers[-1].set_weights([160 * means[None], -80 * means**2])
    return reference_network.ReferenceNetwork(
        network, {"judge": "brightness", "weights_sha256": "b" * 16}, 2.0
    )
