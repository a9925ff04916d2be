"""The contents of a report."""

import dataclasses
import datetime

from tf_ssgan.reports.finished_runs import FinishedRun, FinishedRuns
from tf_ssgan.reports.result_table import ResultTable


@dataclasses.dataclass(frozen=True)
class Report:
    """The contents of a report, whatever its format.

    Attributes:
        tables: The tables.
        finished: All runs that were read, and the folders that were left out.
        title: One line.
    """

    tables: tuple[ResultTable, ...]
    finished: FinishedRuns
    title: str

    @property
    def runs(self) -> list[FinishedRun]:
        """The runs in its tables, each once."""
        runs = (run for table in self.tables for run in table.runs)
        return list({run.folder: run for run in runs}.values())


def describe_runs(report: Report) -> str:
    """How many runs there are, their versions and machines, and the date of the report."""
    runs = report.runs
    versions = sorted({_versions(run) for run in runs} - {""})
    cores = sorted({str(run.result["cores"]) for run in runs})
    further = len(report.finished.runs) - len(runs)
    parts = [
        f"{_count(len(runs), 'run')}, {_count(len(report.finished.left_out), 'folder')} left out",
        *([f"{_count(further, 'further run')} fit no cell or lack its quantity"] * bool(further)),
        *versions,
        *([f"{' or '.join(cores)} CPU cores"] if cores else []),
        f"made on {datetime.date.today().isoformat()}",
    ]
    selection = "No number of a run was selected on test images; they only order the rows."
    return f"{'; '.join(parts)}. {selection}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _versions(run: FinishedRun) -> str:
    return ", ".join(f"{name} {version}" for name, version in run.result["versions"].items())
