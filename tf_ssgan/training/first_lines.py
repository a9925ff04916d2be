"""The first lines that a run prints."""

from typing import Any

from tf_ssgan.common import checkout, counts, cpu, few_images
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.nn import weights
from tf_ssgan.training import build, checked_flags, class_weights, combinations, split_remarks


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
        f"{counts.things(run.strategy.num_replicas_in_sync, 'device')}"
    )
    tested = counts.things(len(run.arrays.test_labels), "test image")
    if run.config.folds:
        last = run.config.folds - 1
        tested += f", those of fold {run.config.fold} of {run.config.folds} (0 to {last})"
    print(f"{run.protocol.describe()}; {tested}")
    remarks = combinations.remarks(run.config, type(run.method))
    remarks += checked_flags.remarks(
        run.config.method, run.method, run.protocol, run.arrays.train_checked
    )
    weights_of_classes = class_weights.describe(
        run.method.task.class_weights, run.protocol.labels, run.info.classes
    )
    remarks += [weights_of_classes] if weights_of_classes else []
    found = map(split_remarks.sentence, split_remarks.find(run.protocol, run.arrays))
    for line in [*remarks, *_pool_notes(run), *_search_notes(run), *found]:
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
    of_all = ("unlabeled", "mixed", "merged")
    streams = [s for s in run.method.streams().values() if s.pool in of_all]
    if streams and task.unlabeled <= task.labeled and not run.method.needs_noisy:
        notes.append("Every image is labeled: the unlabeled pool holds no other images.")
    if run.method.tunes_on_held_out:
        notes.append(
            "The labels of held-out images tune this run: its validation error may be lower than "
            "the error on images that it has never used."
        )
    most = max((s.examples for s in streams), default=0)
    if most > task.unlabeled:
        only = "is only" if task.unlabeled == 1 else "are only"
        notes.append(
            f"A step takes {most:,} unlabeled images and there {only} {task.unlabeled:,}: some "
            "occur more than once in it. A smaller --batch_size avoids this."
        )
    return notes


def _search_notes(run: build.Run) -> list[str]:
    """A note if the method searches by so few labeled images that chance decides."""
    images, names = run.method.search_images, ", ".join(run.method.searched)
    few = few_images.too_few(images, "to tell its values apart") if images else ""
    return [f"The search for {names} sets labeled images aside: {few}."] if few else []


def _print_other_code(manifest: dict[str, Any]) -> None:
    """Prints a sentence if a run continues with other code than that of its checkpoint."""
    theirs, ours = checkout.saved_code(manifest), checkout.code_version()
    if not checkout.same_code(theirs, ours):
        print(
            f"The checkpoint was written by tf_ssgan {checkout.format_code(theirs)}; training "
            f"continues with {checkout.format_code(ours)}: if these compute differently, the "
            "result is that of neither."
        )
