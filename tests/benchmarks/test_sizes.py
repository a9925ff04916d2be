"""The sizes that steps are measured at."""

import pytest

from tf_ssgan import methods

FR_GAN = dict(side=32, channels=3, classes=10, batch=100, width=64, latent=100, depth=0)
AC_GAN = dict(side=28, channels=1, classes=10, batch=100, width=128, latent=100, depth=0)
CNN13 = dict(side=32, channels=3, classes=10, batch=100, width=128, latent=0, depth=0)
ALI = dict(side=32, channels=3, classes=10, batch=100, width=32, latent=256, depth=0)
WRN = dict(side=32, channels=3, classes=10, width=32, latent=0, depth=28)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("frgan", FR_GAN),
        ("improved_gan", FR_GAN),
        ("supervised", FR_GAN | dict(latent=0)),
        ("alexnet", FR_GAN | dict(latent=0)),
        ("wacgan_gpt", AC_GAN),
        ("fixmatch", WRN | dict(batch=64)),
        ("flexmatch", WRN | dict(batch=64)),
        ("mean_teacher", CNN13),
        ("ict", CNN13),
        ("vat", WRN | dict(batch=32)),
        ("ali", ALI),
        ("local_gan", FR_GAN | dict(latent=256)),
        ("triple_gan", CNN13 | dict(latent=100)),
    ],
)
def test_the_sizes_of_the_papers(benchmarks, name, expected):
    assert benchmarks("sizes").paper_size(name) == benchmarks("steps").Size(**expected)


def test_they_follow_the_defaults_of_the_hyperparameters(benchmarks, monkeypatch):
    monkeypatch.setattr(methods.find("frgan").HParams, "batch_size", 7)
    assert benchmarks("sizes").paper_size("frgan").batch == 7
