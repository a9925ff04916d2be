"""Gray squares of three classes, tiny runs trained on them, and a cache folder of the tests."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.data import content_hash, dataset_info
from tf_ssgan.evaluation import reference_network, reference_training
from tf_ssgan.training import config, loop

NAMES = ("dark", "gray", "light")
TINY = {"labels": 9, "batch_size": 8, "width": 4, "latent_size": 8, "max_steps": 2,
        "precision": "float32"}  # fmt: skip


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def use_test_cache(cache):
    """A function that patches the cache folder to one of these tests, and makes epochs few."""

    def patched(patch):
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setattr(reference_training, "EPOCHS", 12)

    return patched


@pytest.fixture(autouse=True)
def _use_test_cache(monkeypatch, use_test_cache):
    """No test uses the cache folder of the user."""
    use_test_cache(monkeypatch)


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """The squares as npz:DIR, 90 training images and 60 test images."""
    folder = tmp_path_factory.mktemp("squares")
    for name, count, seed in (("train", 90, 0), ("test", 60, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    return f"npz:{folder}"


def square_arrays(count=300, tests=60, seed=0):
    """The squares as arrays, ordered by content."""
    train, test = toy_methods.images(count, seed=seed), toy_methods.images(tests, seed=seed + 1)
    info = dataset_info.DatasetInfo("squares", 8, 8, 1, NAMES, (0.5,), (0.2,), False, "made up")
    return content_hash.sort_by_content(dataset_info.Arrays(info, *train, *test))


@pytest.fixture(scope="session")
def arrays():
    """The squares, for tests that do not change them."""
    return square_arrays()


@pytest.fixture(scope="session")
def make_arrays():
    """The function `square_arrays`."""
    return square_arrays


@pytest.fixture(scope="session")
def make_run(tmp_path_factory, squares):
    """A function method, **flags -> folder of a run of two steps; each run is trained once."""
    folders = {}

    def make(method, **flags):
        key = method, *sorted(flags.items())
        if key not in folders:
            folder = tmp_path_factory.mktemp("runs") / method
            settings = {"dataset": squares, "workdir": str(folder)} | TINY | flags
            if method == "supervised":
                del settings["latent_size"]
            loop.run(config.configure(method, **settings))
            folders[key] = folder
        return folders[key]

    return make


@pytest.fixture(scope="session")
def bright():
    """A reference network that classifies the squares by brightness, its feature; not trained."""
    import keras

    images = keras.Input((8, 8, 1))
    features = keras.layers.GlobalAveragePooling2D()(images)
    logits = keras.layers.Dense(3)(features)
    network = keras.Model(images, {"features": features, "logits": logits})
    # Means in [-1, 1] of pixels 40, 120 and 200; the logits are -80 (x - m)^2 without their x^2.
    means = np.array([(level - 127.5) / 127.5 for level in (40, 120, 200)])
    network.layers[-1].set_weights([160 * means[None], -80 * means**2])
    return reference_network.ReferenceNetwork(
        network, {"network": "brightness", "weights_sha256": "b" * 16}, 2.0
    )
