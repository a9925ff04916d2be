"""Images of the unlabeled pool: which ones, how often they are read, what runs keep of them."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.methods.bases import cnn13
from tf_ssgan.nn import layers, pixels
from tf_ssgan.training import build, config, loop, unlabeled_images

GIVEN = dict(
    labels=20, max_steps=2, width=2, batch_size=8, normalization="zca", precision="float32",
    average_decay=0.9,
)  # fmt: skip


def built(folder, **changes):
    with toy_methods.short():
        return build.build(config.configure("pi_model", workdir=str(folder), **GIVEN | changes))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that is built, and has taken no step."""
    return built(tmp_path_factory.mktemp("built"))


def test_blocks_are_all_unlabeled_images_once(run):
    blocks = list(unlabeled_images.blocks(run))
    ids = run.protocol.unlabeled_ids
    assert len(ids) > unlabeled_images.BLOCK  # digits has 1,168 of them
    assert [len(block) for block in blocks] == [1000, len(ids) - 1000]
    expected = pixels.to_float32(run.arrays.train_images[ids])
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    assert blocks[0].dtype == np.float32 and not np.isin(run.protocol.validation_ids, ids).any()


def test_only_a_long_computation_is_announced(run, capsys, monkeypatch):
    list(unlabeled_images.blocks(run))
    assert not capsys.readouterr().out
    monkeypatch.setattr(unlabeled_images, "LONG", 64)
    list(unlabeled_images.blocks(run))
    assert capsys.readouterr().out == (
        "Computing the whitening of images from 1,168 unlabeled images of 64 values ...\n"
    )


def test_initial_images_are_unlabeled_images_selected_by_the_seed(run):
    ids = unlabeled_images.sample_unlabeled_ids(run, 30)
    assert len(set(ids)) == 30 and np.isin(ids, run.protocol.unlabeled_ids).all()
    np.testing.assert_array_equal(ids, unlabeled_images.sample_unlabeled_ids(run, 40)[:30])
    expected = pixels.to_float32(run.arrays.train_images[ids])
    np.testing.assert_array_equal(unlabeled_images.initial_images(run, 30), expected)


def whitening(method):
    """The whitening layers of the network and of its average; the same one."""
    networks = (method.classifier, method.exported_classifier)
    return [x for n in networks for x in n.layers if isinstance(x, layers.Whiten)]


def test_a_run_settles_once_and_its_checkpoints_have_the_projection_once(tmp_path, monkeypatch):
    trained = built(tmp_path / "run")
    loop.train(trained)
    first, second = whitening(trained.method)
    assert first is second
    saved = [v.shape for owned in trained.method.state().values() for v in owned]
    assert saved.count((64, 64)) == 1
    images = np.concatenate(list(unlabeled_images.blocks(trained)))
    covariance = np.cov(np.reshape(first(images), (len(images), -1)).T)
    varying = images.reshape(len(images), -1).std(0) > 0.1
    np.testing.assert_allclose(covariance.diagonal()[varying], 1, atol=0.02)

    def never(*_):
        raise AssertionError("settled again")

    monkeypatch.setattr(layers.Whiten, "settle", never)
    monkeypatch.setattr(cnn13.CNN13Method, "begin", never)
    longer = built(tmp_path / "run", max_steps=3)
    loop.train(longer)
    with toy_methods.short():
        opened = build.reopen(tmp_path / "run")
    for again in (longer, opened):
        np.testing.assert_array_equal(whitening(again.method)[0].projection, first.projection)
    assert int(opened.method.step.numpy()) == 3
    some = images[:5]
    np.testing.assert_array_equal(opened.method(some), longer.method(some))
