"""The folder of a run: its lock, and its files, which are read with a check.

A run writes `config.json` first, which marks the folder as its own, then the protocol, the
record of its data, the metrics, checkpoints, figures, and at the end `result.json`.
`tf_ssgan.evaluate` adds `evaluation.json`. All programs read these files through `Workdir`.
"""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tf_ssgan.common import errors, files, locks, version
from tf_ssgan.common.options import flag_text
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.data import fingerprint
from tf_ssgan.training import (
    config,
    evaluation_contents,
    held_folder,
    manifests,
    metrics_log,
    result_contents,
    result_flags,
    run_data,
    run_file_contents,
    run_files,
    run_paths,
)

_OTHER_FOLDER = "Give the folder of another run, or train in another --workdir."


@dataclasses.dataclass(frozen=True)
class Workdir(run_paths.RunPaths):
    """The folder of a run: its files are read, written and compared here."""

    # Reading.

    def read_flags(self) -> dict[str, Any] | None:
        """The flags of the run, without the version; None if there is no run.

        Flags that did not exist when the run began have their defaults. The flags of every run are
        checked for types and ranges, hyperparameters for types only; `read_config` checks those
        too, for which it imports the method.

        Raises:
            UserError: The file is damaged, or of a run of another version.
        """
        content = run_files.read(self.config_file, _OTHER_FOLDER, run_files.LARGEST_SUMMARY)
        if content is None:
            return None
        if isinstance(content, dict):
            self._check_version(content)
        with self._damaged_config():
            run_files.check(run_file_contents.Flags, content)
            config.check_run_flags(content)
        flags = {name: value for name, value in content.items() if name != "version"}
        return config.run_defaults() | flags

    def read_config(self, **changes: Any) -> config.Config:
        """The configuration of the run; imports its method, and looks no data up.

        Args:
            **changes: Flags that have another value now.

        Raises:
            UserError: The folder is not that of a run, the file is damaged, or of another version.
        """
        flags = self.require_flags()
        with self._damaged_config():
            return config.from_flags(flags | changes)

    def require_flags(self) -> dict[str, Any]:
        """The flags of the run.

        Raises:
            UserError: The folder is not that of a run, or as `read_flags`.
        """
        flags = self.read_flags()
        if flags is None:
            missing = self.config_file.name
            raise errors.UserError(f"{self} is not the folder of a run: it holds no {missing}.")
        return flags

    def require_checkpoint(self) -> None:
        """Checks that the run has saved at least once; nothing is verified or loaded.

        Raises:
            UserError: It has not.
        """
        saved = manifests.checkpoint_folders(self.checkpoints)
        if not any((folder / manifests.MANIFEST).is_file() for folder in saved):
            raise errors.UserError(f"{self} holds no checkpoint yet. Continue the run first.")

    def find_checkpoint(self, unusable: Sequence[str] = ()) -> manifests.SavedCheckpoint | None:
        """The newest complete checkpoint, see `manifests.find`; None if there is none.

        Args:
            unusable: Why the newest ones could not be loaded; they are skipped.

        Raises:
            UserError: There are checkpoints, but none of them is complete.
        """
        return manifests.find(self.checkpoints, self._check_manifest, unusable)

    def require_finished(self) -> dict[str, Any]:
        """The flags of a run that is finished, and whose files are not damaged.

        Raises:
            UserError: It is not finished, or a file is damaged.
        """
        flags = self.require_flags()
        if self.read_result() is None:
            raise errors.UserError(f"{self} has no result yet. Finish the run first.")
        self.require_checkpoint()
        self.read_evaluation()
        return flags

    def read_result(self) -> dict[str, Any] | None:
        """The content of `result.json`, or None.

        Raises:
            UserError: The file is damaged, or belongs to another run than `config.json`.
        """
        remedy = "Remove that file; the command that trained the run writes it again."
        kind, most = result_contents.Result, run_files.LARGEST_SUMMARY
        result = run_files.read_checked(self.result_file, kind, remedy, most)
        flags = self.read_flags() if result else None
        reason = result_flags.differing(result, flags) if flags else ""
        if reason:
            raise run_files.damaged(self.result_file, f"{reason} in {run_paths.CONFIG}", remedy)
        return result and result_contents.without_choices_of_few(result)

    def read_evaluation(self) -> dict[str, Any] | None:
        """The content of `evaluation.json`, or None.

        Raises:
            UserError: The file is damaged.
        """
        return run_files.read_checked(
            self.evaluation_file,
            evaluation_contents.Evaluation,
            "Remove that file, and evaluate the run again.",
            run_files.LARGEST_SUMMARY,
        )

    def read_data_record(self) -> fingerprint.DataRecord | None:
        """Which images and labels the run learned from and is tested on, or None.

        Raises:
            UserError: The file is damaged.
        """
        return run_data.read(self.data_file)

    def read_metrics(self) -> metrics_log.MetricsHistory:
        """The evaluations during training; damaged lines are skipped."""
        return metrics_log.read(self.metrics_file)

    def last_line(self) -> dict[str, Any] | None:
        """The last evaluation during training that is not damaged, or None."""
        return metrics_log.last(self.metrics_file)

    def finished_result(self, settings: config.Config) -> dict[str, Any] | None:
        """The result of a run that has taken all its steps, or None.

        Args:
            settings: The configuration of the run.

        Raises:
            UserError: The folder belongs to another run or a run of another version, holds files of
                no run, or has a damaged file.
        """
        self.refuse_other_files()
        saved = self.read_flags()
        if saved is None:
            return None
        self.refuse_differences(settings.differences(saved))
        lengths = {k: (saved[k], getattr(settings, k)) for k in ("epochs", "max_steps")}
        fewer = {k: (old, new) for k, (old, new) in lengths.items() if 0 < new < old}
        self.refuse_differences(fewer)
        self.read_metrics()  # refused now rather than when training begins
        # The saved flags may already be those of a longer run that was stopped: the result decides.
        result = self.read_result()
        if result is None:
            return None
        reached = settings.max_steps == result["steps"] or settings.epochs == result["epochs"]
        return result if reached else None

    def refuse_other_files(self) -> None:
        """Raises UserError if there are files of no run, which a run would overwrite.

        Raises:
            UserError: Or `config.json` is damaged, or that of another program or version.
        """
        if self.read_flags() is not None:
            return
        found = [path.name for name in run_paths.RUN_FILES for path in sorted(self.path.glob(name))]
        if found:
            raise errors.UserError(
                f"{self} holds {', '.join(found)} but no {self.config_file.name}: these files "
                "belong to no run and would be overwritten. Give another --workdir."
            )

    def refuse_differences(self, differences: dict[str, tuple[Any, Any]]) -> None:
        """Raises UserError if a run differs from the one in the folder.

        Args:
            differences: Name -> (value in the folder, value of the run); may be empty.
        """
        if differences:
            parts = (f"{k} is {old} there and {new} here" for k, (old, new) in differences.items())
            raise errors.UserError(
                f"{self} holds another run: {', '.join(parts)}. Give the same flags, or another "
                "--workdir."
            )

    def refuse_other_data(self, expected: str | None, now: fingerprint.DataRecord) -> None:
        """Raises UserError if data are not those of the run in the folder; it says what changed.

        Args:
            expected: The fingerprint of the run's data; None if it has learned nothing yet.
            now: The data that are there now.
        """
        if expected in (None, now.sha256):
            return
        changes = run_data.describe_changes(self.data_file, expected, now)
        place = (self.read_flags() or {}).get("data_dir")
        origin = f", which the run read from --data_dir={place}" if place else ""
        raise errors.UserError(
            f"{self} holds a run on other data: {changes}. Restore the data{origin}, or train in "
            f"another folder: --workdir={shell_word(run_data.free_folder(self.path))}"
        )

    # Writing.

    def prepare(
        self,
        settings: config.Config,
        protocol: dict[str, Any],
        first: int,
        data: fingerprint.DataRecord,
    ) -> str:
        """Writes flags, protocol and data record, and cuts the metrics to the restored step.

        Args:
            settings: Its configuration.
            protocol: Content of `protocol.json`.
            first: The step from which it continues.
            data: The record of its data.

        Returns:
            A sentence about damaged lines of the metrics, which are removed; empty without any.
        """
        flags = [
            f"--{name}={flag_text(value)}"
            for name, value in settings.as_flags().items()
            if value != ""
        ]
        # config.json comes first: it marks the folder as that of a run.
        content = {"version": version.__version__} | settings.as_flags()
        files.replace(self.config_file, json.dumps(content, indent=1))
        files.replace(self.path / "run.flags", "\n".join(flags) + "\n")
        files.replace(self.path / "protocol.json", json.dumps(protocol))
        self.keep_data_record(data)
        return metrics_log.rewind(self.metrics_file, first)

    def keep_data_record(self, data: fingerprint.DataRecord) -> None:
        """Writes the record of the run's data, if it is not there whole."""
        run_data.keep(self.data_file, data)

    @contextlib.contextmanager
    def locked(self) -> Iterator[Callable[[], None]]:
        """Keeps other processes out of the folder, made if missing; the lock ends with the process.

        Yields:
            A function that raises UserError if the folder is no longer there, see `held_folder`.

        Raises:
            UserError: The folder cannot be made, or another process uses it.
        """
        from tf_ssgan.nn import distribution  # imports TensorFlow; reading a folder needs none

        if not distribution.is_chief():
            yield lambda: None
            return
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                taken = stack.enter_context(locks.exclusive(self.path / "lock"))
                check_folder = stack.enter_context(held_folder.held(self.path))
            except OSError as error:
                reason = f"--workdir={self} cannot be used: {error.strerror}."
                raise errors.UserError(reason) from error
            if not taken:
                raise errors.UserError(
                    f"Another process uses {self}. Wait for it, or give another --workdir."
                )
            yield check_folder

    def is_locked(self) -> bool:
        """Whether another process trains in the folder; False for one that cannot be used."""
        return locks.is_held(self.path / "lock")

    def writing(
        self, check_folder: Callable[[], None] = lambda: None
    ) -> contextlib.AbstractContextManager[None]:
        """Turns a full disk or a removed folder into a `UserError`, see `held_folder.writing`."""
        return held_folder.writing(self.path, check_folder)

    def _check_manifest(self, manifest: dict[str, Any]) -> None:
        """Raises ValueError if a manifest describes other images than the record of its data."""
        with contextlib.suppress(errors.UserError):
            record = self.read_data_record()
            if record and record.sha256 == manifest["data_sha256"]:
                run_data.check_info(manifest["dataset_info"], record)

    @contextlib.contextmanager
    def _damaged_config(self) -> Iterator[None]:
        """Turns a wrong field into the error that names the file."""
        try:
            yield
        except (ValueError, errors.UserError) as error:
            raise run_files.damaged(
                self.config_file, errors.first_line(error), _OTHER_FOLDER
            ) from error

    def _check_version(self, content: dict[str, Any]) -> None:
        """Refuses a run of another version, whose flags and files have other names."""
        before = "0.1.0" if "method" in content else version.__version__  # which did not say it
        theirs = content.get("version", before)
        if version.is_other(theirs):
            raise errors.UserError(
                f"{self} holds a run of tf_ssgan {theirs}, which {version.__version__} cannot "
                f"read: train it again in another folder, or use tf_ssgan {theirs}."
            )
