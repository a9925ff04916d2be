"""Images of the unlabeled pool: which ones, how often they are read, what runs keep of them."""

import dataclasses

import numpy as np
import pytest
from support import toy_methods

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
    monkeypatch.setattr(unlabeled_images, "LONG", 256)
    list(unlabeled_images.blocks(run))
    assert capsys.readouterr().out == (
        "Computing the whitening of images from 1,168 unlabeled images of 256 values ...\n"
    )


def test_fewer_images_than_values_are_remarked_on(run, capsys):
    list(unlabeled_images.blocks(run))  # 1,168 images of 256 values
    assert not capsys.readouterr().out
    few = np.zeros((2000, 40, 40, 1), np.uint8)
    changed = dataclasses.replace(run, _arrays=dataclasses.replace(run.arrays, train_images=few))
    list(unlabeled_images.blocks(changed))
    assert "1,168 unlabeled images are fewer than the 1,600 values" in capsys.readouterr().out


def test_initial_images_are_unlabeled_images_selected_by_the_seed(run):
    ids = unlabeled_images.sample_unlabeled_ids(run, 30)
    assert len(set(ids)) == 30 and np.isin(ids, run.protocol.unlabeled_ids).all()
    np.testing.assert_array_equal(ids, unlabeled_images.sample_unlabeled_ids(run, 40)[:30])
    expected = pixels.to_float32(run.arrays.train_images[ids])
    np.testing.assert_array_equal(unlabeled_images.initial_images(run, 30), expected)


def whitening(method):
    """The whitening layer of the network; its average has the same one."""
    networks = (method.classifier, method.exported_classifier)
    one, other = (x for n in networks for x in n.layers if isinstance(x, layers.Whiten))
    assert one is other
    return one


def trained(folder, **changes):
    """A run to its end, and the same one opened again."""
    settings = config.configure("pi_model", workdir=str(folder), **GIVEN | changes)
    with toy_methods.short():
        loop.run(settings)
        return build.reopen(folder)


def test_a_run_settles_once_and_its_checkpoints_have_the_projection_once(tmp_path, monkeypatch):
    first = trained(tmp_path / "run")
    saved = [v.shape for owned in first.method.state().values() for v in owned]
    assert saved.count((256, 256)) == 1
    images = np.concatenate(list(unlabeled_images.blocks(first)))
    white = np.reshape(whitening(first.method)(images), (len(images), -1))
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-3)
    variances = np.linalg.eigvalsh(np.cov(white.T))  # 8x8 images enlarged: most directions are flat
    assert variances[-40:] == pytest.approx(1, abs=0.02) and variances.max() < 1.01

    def never(*_):
        raise AssertionError("settled again")

    monkeypatch.setattr(layers.Whiten, "settle", never)
    longer = trained(tmp_path / "run", max_steps=3)
    assert int(longer.method.step.numpy()) == 3
    for variable, before in zip(
        whitening(longer.method).variables, whitening(first.method).variables, strict=True
    ):
        np.testing.assert_array_equal(variable, before)
    assert not np.array_equal(longer.method(images[:5]), first.method(images[:5]))
