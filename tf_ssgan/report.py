"""Says what finished runs say together: tables, curves and pictures, in one page.

    python -m tf_ssgan.report runs
    python -m tf_ssgan.report runs --table=frgan_table3 --budget=small --to=reports/table3
    python -m tf_ssgan.report runs/one runs/another --against=frgan

Takes folders of runs, and folders that hold such. Writes report.html, report.md, report.csv,
runs.csv and report.tex into --to. Without --table there is a table for each data set, a row for
each method and a column for each protocol; runs that differ in more than their seeds never share a
cell. With --table the rows and columns are a paper's, and runs that do not belong into one cell
together are refused. Folders that are damaged or half-written are listed and left out.
"""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Literal

from flags import precheck, program
from tf_ssgan import papers
from tf_ssgan.common import errors, options
from tf_ssgan.common.options import option
from tf_ssgan.reports import by_paper, by_protocol, finished_runs, formats, report


@dataclasses.dataclass(frozen=True)
class ReportOptions:
    """The flags of this program."""

    to: str = option("report", "Folder of the report.")
    table: str = option("", "Tables or figures of papers, separated by commas, to be filled.")
    budget: Literal["", "full", "small", "smoke"] = option(
        "", "Of --table: takes the runs of this budget alone."
    )
    number: Literal["", *finished_runs.ERROR_COLUMNS] = option(
        "", "Which error of a run to take; the last step's, or what the paper reports."
    )
    against: str = option("", "Row to compare with; supervised, or the first, where not given.")
    title: str = option("", "Title of the page.")

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(dict.fromkeys(self.table.split(","))) if self.table else ()


def parse_args(argv: list[str]) -> tuple[ReportOptions, list[pathlib.Path]]:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The flags, and the folders.

    Raises:
        UserError: A flag is out of range, or no folder is given.
    """
    wanted, rest = program.read_options(ReportOptions, argv, __doc__)
    options.check(wanted)
    for name in wanted.tables:
        papers.find(name)
    if wanted.budget and not wanted.table:
        raise errors.UserError(f"--budget={wanted.budget} is for --table. Leave it out.")
    if not rest:
        raise errors.UserError("Give folders of runs: python -m tf_ssgan.report runs")
    precheck.check_writable(pathlib.Path(wanted.to), "to")
    return wanted, [pathlib.Path(word) for word in rest]


def made(wanted: ReportOptions, paths: Sequence[pathlib.Path]) -> report.Report:
    """Reads the runs and puts them into tables.

    Args:
        wanted: Flags of this program.
        paths: Folders of runs.

    Raises:
        UserError: No run is there, or a cell would mix what does not belong together.
    """
    found = finished_runs.read_runs(paths)
    if wanted.tables:
        chosen = [
            by_paper.of_table(
                papers.find(name), found.records, wanted.budget, wanted.number, wanted.against
            )
            for name in wanted.tables
        ]
    else:
        number = wanted.number or "test_error"
        chosen = by_protocol.by_protocol(found.records, number, wanted.against)
    names = ", ".join(sheet.title for sheet in chosen)
    title = names if wanted.tables else f"Methods on {names}"
    return report.Report(
        tuple(chosen), found, wanted.title or (title if chosen else "No finished run")
    )


def main(argv: list[str]) -> None:
    """Reads, writes and prints."""
    wanted, paths = parse_args(argv)
    report = made(wanted, paths)
    print(formats.format_summary(report, formats.write(report, pathlib.Path(wanted.to))))


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
