"""A report as Markdown, CSV, LaTeX and one HTML page."""

import csv
import dataclasses
import datetime
import io
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tf_ssgan import errors, journal
from tf_ssgan.reporting import words
from tf_ssgan.reporting.records import NUMBERS, Found, Record
from tf_ssgan.reporting.sheets import Cell, Sheet

NAMES = ("report.html", "report.md", "report.csv", "runs.csv", "report.tex")


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that is told.

    Attributes:
        sheets: The tables.
        found: The runs, and the folders that are none.
        title: In one line.
    """

    sheets: tuple[Sheet, ...]
    found: Found
    title: str

    @property
    def records(self) -> list[Record]:
        """The runs in its tables, each once."""
        every = (record for sheet in self.sheets for record in sheet.records)
        return list({record.folder: record for record in every}.values())


def _columns(sheet: Sheet) -> list[str]:
    """The headings of the long table."""
    compared = [f"against {sheet.baseline}"] if sheet.baseline else []
    own = [sheet.measure.label, "published", "difference", *compared]
    return ["method", "of", *own, *NUMBERS.values(), "steps", "seconds a run"]


def long(sheet: Sheet) -> list[list[str]]:
    """The long table: its headings, and a line a cell."""
    return [_columns(sheet), *_lines(sheet)]


def _lines(sheet: Sheet) -> Iterator[list[str]]:
    digits, better = words.decimals(sheet), sheet.measure.better
    for row, column, cell in words.filled(sheet):
        own = [
            words.mean(cell.mean, digits),
            words.printed(cell),
            words.signed(cell.difference, digits),
        ]
        compared = [words.against(cell.paired, digits, better)] if sheet.baseline else []
        errors_of = [words.mean(words.number(cell, name), digits) for name in NUMBERS]
        ends = [words.steps(cell), words.seconds(cell)]
        told = [words.EMPTY if value is None else f"{value:,.0f}" for value in ends]
        yield [row, column, *own, *compared, *errors_of, *told]


def matrix(sheet: Sheet) -> Iterator[list[str]]:
    """The short table: a row a method, a column a protocol, ours and the published number."""
    digits = words.decimals(sheet)
    yield ["", *sheet.columns]
    for row in sheet.rows:
        cells = [sheet.cell(row, column) for column in sheet.columns]
        yield [
            row,
            *(
                "; ".join(filter(None, (_ours(cell, digits), _theirs(cell)))) or words.EMPTY
                for cell in cells
            ),
        ]


def _ours(cell: Cell, digits: int) -> str:
    return words.mean(cell.mean, digits) if cell.mean else ""


def _theirs(cell: Cell) -> str:
    return f"published {words.printed(cell)}" if cell.printed else ""


def markdown(report: Report) -> str:
    """The report in Markdown."""
    parts = [f"# {report.title}", when(report)]
    for sheet in report.sheets:
        parts += [f"## {sheet.title}", "\n".join(f"- {line}" for line in words.about(sheet))]
        parts.append(_grid(list(matrix(sheet))))
        parts.append(_grid(long(sheet)))
    if report.found.left_out:
        rows = [[f"`{where}`", why] for where, why in report.found.left_out]
        parts += ["## Left out", _grid([["folder", "why"], *rows])]
    return "\n\n".join(parts) + "\n"


def short(report: Report) -> str:
    """The short tables alone, for a terminal."""
    return "\n\n".join(
        f"{sheet.title}, {words.label(sheet)}\n\n{_grid(list(matrix(sheet)))}"
        for sheet in report.sheets
    )


def told(report: Report, written: Sequence[pathlib.Path]) -> str:
    """What a program prints at its end: the tables, what was left out, and where the rest is."""
    lines = [short(report)]
    lines += [f"left out: {where}: {why}" for where, why in report.found.left_out]
    names = ", ".join(path.name for path in written)
    text = "\n".join([*lines, f"\nIn {written[0].parent}: {names}"])
    return text.encode(errors="backslashreplace").decode()  # as `journal.replace` does


def _grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first its head."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


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


def _versions(record: Record) -> str:
    named = record.result.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in named.items())


def cells_csv(report: Report) -> str:
    """A line a cell, full precision."""
    lines = []
    for sheet in report.sheets:
        for row, column, cell in words.filled(sheet):
            what = {"table": sheet.name, "row": row, "column": column}
            means = {f"mean_{name}": words.number(cell, name) for name in NUMBERS}
            known = {name: found.mean for name, found in means.items() if found}
            ends = {"steps": words.steps(cell), "seconds": words.seconds(cell)}
            what |= {"measure": sheet.measure.label} | _figures(cell) | known | ends
            lines.append(what | {"budget": cell.budget})
    return _csv(lines)


def _figures(cell: Cell) -> dict[str, Any]:
    """The numbers of a cell."""
    found, compared = cell.mean, cell.paired and cell.paired.differences
    return {
        "mean": found and found.mean,
        "std": found and found.std,
        "n": found.n if found else 0,
        "published": cell.printed and cell.printed.value,
        "published_std": cell.printed and cell.printed.spread,
        "published_source": cell.printed and cell.printed.source,
        "published_on_other_images": cell.other_images,
        "difference": cell.difference,
        "paired_difference": compared and compared.mean,
        "paired_half_width_95": compared and compared.half_width,
        "paired_n": compared.n if compared else 0,
    }


def runs_csv(report: Report) -> str:
    """A line a run: what it is, its numbers, its folder."""
    names = ("method", "dataset", "labels", "seed", "split_seed", "noise", "noise_rate",
             "clean_pct", "steps", "epochs", *NUMBERS, "validation_error", "seconds")  # fmt: skip
    return _csv(
        [
            {name: record.result.get(name) for name in names} | {"folder": record.folder}
            for record in report.records
        ]
    )


def _csv(lines: Sequence[dict[str, Any]]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, dict.fromkeys(name for line in lines for name in line))
    writer.writeheader()
    writer.writerows(lines)
    return table.getvalue()


def latex(report: Report) -> str:
    """The short tables for a paper; they need the package booktabs."""
    return "\n".join(_tabular(sheet) for sheet in report.sheets)


def _tabular(sheet: Sheet) -> str:
    head, *body = [[_escaped(cell) for cell in row] for row in matrix(sheet)]
    rows = [f"{' & '.join(row)} \\\\" for row in body]
    return "\n".join(
        [
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_escaped(sheet.title)}. {' '.join(map(_escaped, words.about(sheet)))}}}",
            f"\\label{{tab:{re.sub('[^A-Za-z0-9_:/-]+', '-', sheet.name)}}}",
            f"\\begin{{tabular}}{{l{'r' * len(sheet.columns)}}}",
            "\\toprule",
            f"{' & '.join(head)} \\\\",
            "\\midrule",
            *rows,
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}\n",
        ]
    )


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "−": "$-$", "–": "--", "<": "$<$", ">": "$>$",
}  # fmt: skip


def _escaped(text: str) -> str:
    """Text as LaTeX takes it."""
    return "".join(_LATEX.get(character, character) for character in text)


def write(report: Report, folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes all forms of a report.

    Args:
        report: The report.
        folder: Where; it is made if need be.

    Returns:
        The files, the page first.

    Raises:
        UserError: They cannot be written.
    """
    from tf_ssgan.reporting import page  # slow to import: it draws

    texts = {
        "report.md": markdown(report),
        "report.csv": cells_csv(report),
        "runs.csv": runs_csv(report),
        "report.tex": latex(report),
        "report.html": page.html(report, folder),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            journal.replace(folder / name, texts[name])
    except OSError as error:
        raise errors.UserError(
            f"--to={folder} cannot be written: {error.strerror}. The runs are untouched."
        ) from error
    return [folder / name for name in NAMES]
