"""A value that is not finite or too large, in any reported scalar, stops the run."""

import math

import pytest

from flags import program
from tf_ssgan.common import errors
from tf_ssgan.methods import frgan
from tf_ssgan.training import build, loop

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "name, value",
    [(name, NAN) for name in frgan.Method.reports]
    + [("supervised", INF), ("generator", -INF), ("adversarial", 2e6), ("consistency", -2e6)],
)
def test_each_scalar_is_guarded_and_the_last_good_checkpoint_kept(
    toy, tmp_path, verified_steps, name, value
):
    with pytest.raises(errors.Diverged) as stopped:
        loop.train(toy.run(tmp_path / "run", at=7, **{name: value}))
    assert str(stopped.value).startswith(f"Stopped at step 7: {name} is ")
    assert "\n" not in str(stopped.value)
    assert verified_steps(tmp_path / "run") == [3, 6]
    assert build.restore(toy.run(tmp_path / "run"))["step"] == 6


def test_the_exit_status_is_3(toy, tmp_path, capsys):
    with pytest.raises(SystemExit) as exited, program.exit_on_user_error():
        loop.train(toy.run(tmp_path / "run", at=4, generator=NAN))
    assert exited.value.code == 3
    assert capsys.readouterr().err.startswith("Stopped at step 4: generator is nan.")


def test_large_but_sane_values_pass(toy, tmp_path):
    assert loop.train(toy.run(tmp_path / "run", supervised=9e5))["steps"] == 9


def test_a_weight_that_is_not_finite_is_never_saved(toy, tmp_path, verified_steps):
    run = toy.run(tmp_path / "run")
    loop.train(run)
    weight = run.method.generator.trainable_variables[0]
    weight.assign(weight * NAN)
    run.method.step.assign(12)
    with pytest.raises(errors.Diverged, match="kernel"):
        loop._refuse_broken_weights(run.method)  # what every save begins with
    assert verified_steps(tmp_path / "run") == [6, 9]


def test_the_same_command_stops_at_the_same_step_again(toy, tmp_path, verified_steps):
    """A step depends on the seed and its number alone, so a second try would gain nothing."""
    said = []
    for _ in range(2):
        with pytest.raises(errors.Diverged) as stopped:
            loop.train(toy.run(tmp_path / "run", at=7, adversarial=INF))
        said.append(str(stopped.value))
        assert verified_steps(tmp_path / "run") == [3, 6]
    assert said[0] == said[1] and "Try a smaller --learning_rate" in said[0]


def test_what_is_kept_goes_on_once_the_cause_is_gone(toy, tmp_path, curves):
    """From the last good step, to the same numbers as a run that never broke."""
    with pytest.raises(errors.Diverged):
        loop.train(toy.run(tmp_path / "run", at=5, supervised=NAN))
    assert loop.train(toy.run(tmp_path / "run"))["steps"] == 9
    assert curves(tmp_path / "run") == toy.curves
