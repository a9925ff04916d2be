"""What a judgment leaves in `result.json`, and how it is told. Free of TensorFlow."""

import json
import pathlib
from typing import Any

KEY = "judged"
POOR = 90.0  # percent; a judge that is right less often is warned of


def merged(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Adds a judgment to an earlier one of the same weights.

    Args:
        before: What stands in `result.json`, or None.
        now: What was found.

    Returns:
        All of `now`, and of `before` what `now` says nothing about: scores with other stamps,
        answers on other data sets. Nothing of it where the run has moved on since.
    """
    if before is None or before["step"] != now["step"]:
        return now
    stamps = [scores["stamp"] for scores in now["scores"]]
    kept = [scores for scores in before["scores"] if scores["stamp"] not in stamps]
    asked = [_asked(entry) for entry in now["answers"]]
    answers = [entry for entry in before["answers"] if _asked(entry) not in asked]
    whole = before | now
    return whole | {"scores": kept + now["scores"], "answers": answers + now["answers"]}


def comparable(workdir: pathlib.Path, scores: dict[str, Any]) -> dict[str, Any] | None:
    """Finds the scores of another run that may stand beside some scores.

    Args:
        workdir: Folder of the other run.
        scores: Of one judge.

    Returns:
        Its scores with the same stamp, of as many images; None where it has none.
    """
    judged = json.loads((workdir / "result.json").read_text()).get(KEY) or {}
    for theirs in judged.get("scores", ()):
        if all(theirs[name] == scores[name] for name in ("stamp", "images", "seed")):
            return theirs
    return None


def format_results(judged: dict[str, Any], against: pathlib.Path | None) -> str:
    """A summary for a person.

    Args:
        judged: What was found.
        against: Folder of the run that it was compared with.
    """
    lines = [line for scores in judged["scores"] for line in _scores(scores, against)]
    if "clusters" in judged:
        lines += _clusters(judged["clusters"])
    for entry in judged["answers"]:
        lines += _answers(entry)
    return "\n".join(lines)


def _asked(entry: dict[str, Any]) -> tuple[str, str | None]:
    """Of which data set, and against which run, an answer is."""
    return entry["dataset"], entry.get("against", {}).get("run")


def _scores(scores: dict[str, Any], against: pathlib.Path | None) -> list[str]:
    """A table: generated images, real ones as the ceiling, and another run's if comparable."""
    stamp, images = scores["stamp"], scores["images"]
    lines = [f"\njudge {stamp['judge']}, weights {stamp['weights_sha256']}{_of_a_judge(stamp)}"]
    if stamp.get("test_accuracy", POOR) < POOR:
        lines.append(
            "  It is not a good one, and its scores say little. More --minutes may help, after the "
            "kept one was removed."
        )
    columns = {"generated": scores, "real": scores["real"]}
    if against is not None:
        theirs = comparable(against, scores)
        if theirs:
            columns["against"] = theirs
        else:
            lines.append(
                f"  {against} has no scores of this judge on as many images: nothing to compare. "
                f"Judge it too: python -m tf_ssgan.judge --run={against}"
            )
    lines.append(" " * 22 + "".join(f"{name:>20}" for name in columns))
    for name in ("inception_score", "frechet_distance", "kernel_distance"):
        if name in scores:
            values = "".join(f"{_number(column[name]):>20}" for column in columns.values())
            lines.append(f"  {name:20}{values}")
    lines.append(
        f"  of {images['generated']:,} generated images; real: the score of {images['test']:,} "
        f"test images, the distance of {images['training']:,} training images to them"
    )
    return lines


def _of_a_judge(stamp: dict[str, Any]) -> str:
    if "test_accuracy" not in stamp:
        return f", from {stamp['file']}; not the network of published distances"
    return (
        f": learned {stamp['dataset']}, right for {stamp['test_accuracy']:.1f} % of its test "
        f"images, temperature {stamp['temperature']:.3g}"
    )


def _clusters(clusters: dict[str, Any]) -> list[str]:
    lines = [f"\ndistances to the class centers, by {clusters['features']}"]
    lines.append(" " * 22 + f"{'in the t-SNE':>20}{'before it':>20}{'images':>10}")
    for name, found in clusters["sets"].items():
        values = "".join(f"{_number(found[space]):>20}" for space in ("tsne", "pca"))
        lines.append(f"  {name:20}{values}{found['points']:>10,}")
    return lines


def _answers(entry: dict[str, Any]) -> list[str]:
    lines = [f"\n{entry['images']:,} test images of {entry['dataset']}"]
    lines.append(f"  {_error(entry)}")
    if other := entry.get("against"):
        lines.append(f"  {_error(other)}, of {other['run']}")
        lines.append(
            f"  just one is right on {other['only_first'] + other['only_second']}: this run on "
            f"{other['only_first']}, the other on {other['only_second']}; p = {other['p']:.3g} "
            "(McNemar, exact, two-sided)"
        )
    return lines


def _error(line: dict[str, float]) -> str:
    drop = f", {line['drop']:+.2f} to its own test images" if "drop" in line else ""
    return f"test_error {line['test_error']:.2f} ± {line['standard_error']:.2f} %{drop}"


def _number(found: dict[str, float] | float) -> str:
    if isinstance(found, dict):
        return f"{found['mean']:.4g} ± {found['std']:.2g}"
    return f"{found:.4g}"
