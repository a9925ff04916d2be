"""The contents of a report."""

import dataclasses
import datetime
import functools
import pathlib
from collections.abc import Iterable, Iterator

from tf_ssgan.reports import best_run, cell_text, embedded_images
from tf_ssgan.reports.common_data import LeftOut
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
        runs = (run for table in self.tables for run in table.parts)
        return list({run.folder: run for run in runs}.values())

    @functools.cached_property
    def damage(self) -> list[str]:
        """Sentences on damaged files without which runs are reported on, pictures included."""
        pictured = dict.fromkeys(_pictured(self.tables))
        pictures = (line for folder in pictured for line in embedded_images.damage(folder))
        return [*self.finished.damage, *pictures]

    @property
    def left_out(self) -> list[LeftOut]:
        """Folders that are in no table, and why; a run that another table has is in the report."""
        own = {run.folder for run in self.runs}
        by_table = (left_out for table in self.tables for left_out in table.left_out)
        return [*self.finished.left_out, *(one for one in by_table if one[0] not in own)]


def _pictured(tables: Iterable[ResultTable]) -> Iterator[pathlib.Path]:
    """The folders of the runs whose pictures a page may show: the first one of each cell."""
    for table in tables:
        for _, _, cell in cell_text.filled_cells(table):
            if cell.runs:  # else it has a published number alone
                yield cell.runs[0].folder


def describe_runs(report: Report) -> str:
    """How many runs there are, their versions and machines, and the date of the report."""
    runs = report.runs
    versions = sorted({_versions(run) for run in runs} - {""})
    cores = sorted({str(run.result["cores"]) for run in runs})
    unused = {run.folder for run in report.finished.runs} - {run.folder for run in runs}
    further = len(unused - {folder for folder, _ in report.left_out})
    parts = [
        f"{_count(len(runs), 'run')}, {_count(len(report.left_out), 'folder')} left out",
        *([f"{_count(further, 'further run')} fit no cell or lack its quantity"] * bool(further)),
        *versions,
        *([f"{' or '.join(cores)} CPU cores"] if cores else []),
        f"made on {datetime.date.today().isoformat()}",
    ]
    selection = "No number of a run was selected on test images; they only order the rows"
    if any(best.by_test_images for table in report.tables for best in best_run.best_runs(table)):
        selection += ", and name the method to export where too few images are held out"
    return f"{'; '.join(parts)}. {selection}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _versions(run: FinishedRun) -> str:
    return ", ".join(f"{name} {version}" for name, version in run.result["versions"].items())
