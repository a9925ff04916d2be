"""What a report holds."""

import dataclasses
import datetime

from tf_ssgan.reports.finished_runs import FinishedRun, FinishedRuns
from tf_ssgan.reports.result_table import ResultTable


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that is told.

    Attributes:
        sheets: The tables.
        found: The runs, and the folders that are none.
        title: In one line.
    """

    sheets: tuple[ResultTable, ...]
    found: FinishedRuns
    title: str

    @property
    def records(self) -> list[FinishedRun]:
        """The runs in its tables, each once."""
        every = (record for sheet in self.sheets for record in sheet.records)
        return list({record.folder: record for record in every}.values())


def when(report: Report) -> str:
    """How many runs, of which versions and machines, and when."""
    records = report.records
    versions = sorted({_versions(record) for record in records} - {""})
    cores = sorted({str(r.result["cores"]) for r in records if r.result.get("cores")})
    further = len(report.found.records) - len(records)
    told = [
        f"{_count(len(records), 'run')}, {_count(len(report.found.left_out), 'folder')} left out",
        *([f"{_count(further, 'further run')} fit no cell, or lack its quantity"] * bool(further)),
        *versions,
        *([f"{' or '.join(cores)} CPU cores"] if cores else []),
        f"made on {datetime.date.today().isoformat()}",
    ]
    return f"{'; '.join(told)}. Test images chose no number of a run; they order the rows."


def _count(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"


def _versions(record: FinishedRun) -> str:
    named = record.result.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in named.items())
