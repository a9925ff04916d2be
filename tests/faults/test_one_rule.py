"""One rule for few held-out images: whoever could choose or fit by them is asked with 6 and 100."""

import dataclasses
import json
import pathlib

import pytest
from support import finished_run_folders, toy_methods
from tensorboard.backend.event_processing import event_accumulator

from export import export_main, servable
from tf_ssgan import evaluate, methods
from tf_ssgan.common import errors
from tf_ssgan.metrics import plots
from tf_ssgan.reports import by_protocol, comparison
from tf_ssgan.training import build, config, first_lines, loop, results, summary

FEW = "6 held-out images are too few"


@dataclasses.dataclass
class Finished:
    """A finished run with some held-out images, and what it drew."""

    held_out: int
    workdir: pathlib.Path
    drawn: list
    result: dict


@pytest.fixture(scope="module", params=[6, 100])
def run(request, tmp_path_factory):
    workdir, drawn = tmp_path_factory.mktemp("runs") / "run", []
    settings = config.configure(
        "supervised", "digits", labels=20, validation=request.param, batch_size=8, width=4,
        max_steps=8, precision="float32", workdir=str(workdir),
    )  # fmt: skip
    draw = plots.reliability_figure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "MIN_EVALUATION_INTERVAL", 1)
        patch.setattr(plots, "reliability_figure", lambda *args: drawn.append(args) or draw(*args))
        result = loop.run(settings)
    return Finished(request.param, workdir, drawn, result)


def test_the_result_the_figure_and_the_summary(run):
    few = run.held_out == 6
    assert (run.result["calibration"]["images"] == 0) is few
    for name in ("test_error_at_best_validation", "test_error_raw_at_best_validation",
                 "expected_calibration_error_calibrated", "brier_score_calibrated"):  # fmt: skip
        assert (run.result[name] is None) is few, name
    ((before, after, temperature),) = run.drawn
    assert (after is None) is few and (not few or temperature == 1.0)
    text = summary.format_summary(run.result, str(run.workdir))
    assert (f"  {FEW} to choose a step or to fit a temperature; 100 are needed.\n" in text) is few
    assert ("(no temperature was fitted)" in text) is few and ("->" in text) is not few
    assert ("(best step by 100 held-out images)" in text) is not few


def test_the_first_lines_and_tensorboard(run, capsys):
    few = run.held_out == 6
    first_lines.print_summary(build.reopen(run.workdir), None)
    said = f"{FEW} to choose a step or to fit a temperature; 100 are needed.\n"
    assert (said in capsys.readouterr().out) is few
    events = event_accumulator.EventAccumulator(str(run.workdir / "tensorboard")).Reload()
    for name in ("validation_error", "validation_error_raw"):
        described = events.SummaryMetadata(f"evaluation/{name}").summary_description
        assert described == ("of 6 images" if few else "")


def test_the_export_and_python(run, tmp_path):
    few = run.held_out == 6
    opened = build.reopen(run.workdir)
    fitted = results.saved_calibration(opened)
    assert fitted.is_fitted is not few
    assert results.fitted_calibration(opened).is_fitted is not few  # as before a result is there
    info = servable.model_info(opened, fitted)
    assert ("note" in info["calibration"]) is few and (info["calibration"]["images"] == 0) is few
    assert (info["test_images"], info["test_error"]) == (500, run.result["test_error"])
    assert info["test_error_interval"] == run.result["test_error_interval"]
    text = export_main._format_calibration(fitted, run.held_out)
    assert text.startswith(f"no temperature: {FEW}" if few else "temperature ")


def test_the_evaluation(run):
    few = run.held_out == 6
    evaluate.main(["evaluate", f"--run={run.workdir}", "--dataset=digits", "--nogenerator"])
    (entry,) = json.loads((run.workdir / "evaluation.json").read_text())["test_sets"]
    assert (entry["expected_calibration_error_calibrated"] is None) is few
    assert not few or entry["temperature"] == 1.0


@pytest.mark.parametrize("held_out", [6, 100])
def test_the_report(held_out):
    few, own = held_out == 6, {"validation_images": held_out, "validation_error": 3.0}
    if few:
        own |= {"test_error_at_best_validation": None, "test_error_raw_at_best_validation": None}
    runs = [
        finished_run_folders.make_run(error + seed, seed=seed, method=method, outcome=own)
        for method, error in (("frgan", 5.0), ("supervised", 9.0))
        for seed in range(3)
    ]
    (table,) = by_protocol.make_tables(runs)
    (text,) = comparison.compare_methods(table)
    assert (f"{FEW} to select one; 100 are needed." in text) is few
    assert ("Held-out images" in text) is not few


@pytest.mark.parametrize("held_out", [6, 100])
def test_the_search_for_tau(held_out):
    task = dataclasses.replace(toy_methods.task(), held_out=held_out)
    hp = toy_methods.hparams("acgan_trunc", tau_search="validation")
    if held_out == 100:
        methods.find("acgan_trunc").Method(hp, task)
    else:
        with pytest.raises(errors.UserError, match=FEW):
            methods.find("acgan_trunc").Method(hp, task)
