"""The first lines that a run prints."""

from typing import Any

from tf_ssgan.common import checkout, cpu
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.nn import weights
from tf_ssgan.training import build, class_weights, combinations, results


def print_summary(run: build.Run, manifest: dict[str, Any] | None) -> None:
    """Prints what is trained on what, what is odd about it, and where it continues.

    Args:
        run: The run.
        manifest: That of the checkpoint from which it continues, if there is one.
    """
    sizes = {k: f"{weights.parameter_count(n):,}" for k, n in run.method.networks().items()}
    networks = ", ".join(f"{name} {size} weights" for name, size in sizes.items())
    print(
        f"{run.config.method} on {run.config.dataset}: {networks}; {run.precision}, "
        f"{run.strategy.num_replicas_in_sync} device(s)"
    )
    print(f"{run.protocol.describe()}; {len(run.arrays.test_labels):,} test images")
    remarks = combinations.remarks(run.config, type(run.method))
    weights_of_classes = class_weights.describe(
        run.method.task.class_weights, run.protocol.labels, run.info.classes
    )
    remarks += [weights_of_classes] if weights_of_classes else []
    for line in [*remarks, *_pool_notes(run), *results.notes_on_few_images(run)]:
        print(line)
    if manifest:
        print(f"Continuing from step {manifest['step']} of {run.method.task.steps}.")
        here = {"cores": len(cpu.usable()), "replicas": run.strategy.num_replicas_in_sync}
        for name, count in here.items():
            if manifest[name] != count:
                print(
                    f"The run was on {manifest[name]} {name} and continues on {count}: the result "
                    "stays valid, but its bits may differ from those of an uninterrupted run."
                )
        _print_other_code(manifest)
    print(f"Watch it: tensorboard --logdir {shell_word(run.workdir)}", flush=True)


def _pool_notes(run: build.Run) -> list[str]:
    """Notes on surprising combinations of the method and its pools."""
    task, notes = run.method.task, []
    streams = [s for s in run.method.streams().values() if s.pool in ("unlabeled", "merged")]
    if streams and task.unlabeled <= task.labeled and not run.method.needs_noisy:
        notes.append("Every image is labeled: the unlabeled pool holds no other images.")
    if any(s.pool == "held_out" for s in run.method.streams().values()):
        notes.append(
            "The labels of held-out images tune this run: its validation error may be lower than "
            "the error on images that it has never used."
        )
    most = max((s.examples for s in streams), default=0)
    if most > task.unlabeled:
        notes.append(
            f"A step takes {most:,} unlabeled images and there are only {task.unlabeled:,}: some "
            "occur more than once in it. A smaller --batch_size avoids this."
        )
    return notes


def _print_other_code(manifest: dict[str, Any]) -> None:
    """Prints a sentence if a run continues with other code than that of its checkpoint."""
    theirs, ours = checkout.saved_code(manifest), checkout.code_version()
    if not checkout.same_code(theirs, ours):
        print(
            f"The checkpoint was written by tf_ssgan {checkout.format_code(theirs)}; training "
            f"continues with {checkout.format_code(ours)}: if these compute differently, the "
            "result is that of neither."
        )
