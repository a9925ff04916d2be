"""Puts finished runs into one report: tables, curves and images.

    python -m tf_ssgan.report runs
    python -m tf_ssgan.report runs --table=frgan_table3 --budget=small --to=reports/table3
    python -m tf_ssgan.report runs/one runs/another --against=frgan

Give folders of runs, or folders that contain folders of runs. The program writes report.html,
report.md, report.csv, runs.csv and report.tex into --to. Without --table there is a table for each
data set, with a row for each method and a column for each protocol; runs that differ in more than
their seeds, or learned from other images or labels, never share a cell. With --table the rows and
columns are those of a paper: runs on other data than most are listed and left out, and runs that
differ in their settings are refused. Damaged and unfinished runs are listed and left out. If only
the metrics or the evaluation of a run are damaged, it stays in, and the file is named.
"""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Literal

from flags import program
from tf_ssgan import papers
from tf_ssgan.common import errors, paths
from tf_ssgan.common.options import check, option
from tf_ssgan.reports import by_paper, by_protocol, finished_runs, formats, report
from tf_ssgan.training import precheck


@dataclasses.dataclass(frozen=True)
class ReportOptions:
    """The flags of this program."""

    to: str = option("report", "Folder of the report.", path="folder")
    table: str = option("", "Tables or figures of papers to fill, separated by commas.")
    budget: Literal["", "full", "small", "smoke"] = option(
        "", "Takes only runs of this budget, for --table."
    )
    number: Literal["", *finished_runs.ERROR_COLUMNS] = option(
        "", "Which error of a run to take; by default that of the last step, or the paper's."
    )
    against: str = option(
        "", "Row that the others are compared with; by default that of supervised, or the first."
    )
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
    options, rest = program.read_options(ReportOptions, argv, __doc__)
    check(options)
    for name in options.tables:
        papers.find(name)
    if options.budget and not options.table:
        raise errors.UserError(f"--budget={options.budget} is for --table. Leave it out.")
    if not rest:
        raise errors.UserError("Give folders of runs: python -m tf_ssgan.report runs")
    precheck.check_writable(pathlib.Path(options.to), "to")
    formats.refuse_other_files(pathlib.Path(options.to))
    return options, [pathlib.Path(paths.local(word)) for word in rest]


def make_report(options: ReportOptions, paths: Sequence[pathlib.Path]) -> report.Report:
    """Reads the runs and puts them into tables.

    Args:
        options: Flags of this program.
        paths: Folders of runs.

    Raises:
        UserError: There is no run, or a cell would mix runs that do not belong together.
    """
    finished = finished_runs.read_runs(paths)
    if options.tables:
        tables = [
            by_paper.fill_table(
                papers.find(name), finished.runs, options.budget, options.number, options.against
            )
            for name in options.tables
        ]
    else:
        number = options.number or "test_error"
        tables = by_protocol.make_tables(finished.runs, number, options.against)
    names = ", ".join(table.title for table in tables)
    title = names if options.tables else f"Methods on {names}"
    return report.Report(
        tuple(tables), finished, options.title or (title if tables else "No finished run")
    )


def main(argv: list[str]) -> None:
    """Reads the runs, writes the report and prints a summary."""
    options, paths = parse_args(argv)
    contents = make_report(options, paths)
    written = formats.write_report(contents, pathlib.Path(options.to))
    print(formats.format_summary(contents, written))


def command() -> None:
    """The console command `tf-ssgan-report`."""
    program.main(main)


if __name__ == "__main__":
    command()
