"""A report as Markdown, CSV, LaTeX and one HTML page."""

import csv
import dataclasses
import datetime
import io
import os
import pathlib
import re
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from tf_ssgan import errors
from tf_ssgan.reporting.records import NUMBERS, Found, Record
from tf_ssgan.reporting.sheets import Cell, Sheet
from tf_ssgan.reporting.statistics import Mean, Paired

EMPTY = "–"
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


def filled(sheet: Sheet) -> Iterator[tuple[str, str, Cell]]:
    """The cells with runs or a printed number: (row, column, cell), row by row."""
    for row in sheet.rows:
        for column in sheet.columns:
            cell = sheet.cell(row, column)
            if cell.records or cell.printed:
                yield row, column, cell


def mean(found: Mean | None, decimals: int) -> str:
    """5.1 ± 0.4 (3): mean, standard deviation and number of seeds; or 5.1 (1)."""
    if found is None:
        return EMPTY
    spread = "" if found.std is None else f" ± {found.std:.{decimals}f}"
    return f"{found.mean:.{decimals}f}{spread} ({found.n})"


def printed(cell: Cell, decimals: int) -> str:
    """What a paper has: 13.41 ± 0.20; with an asterisk where ours had other images."""
    if cell.printed is None:
        return EMPTY
    spread = "" if cell.printed.spread is None else f" ± {cell.printed.spread:.{decimals}f}"
    return f"{cell.printed.value:.{decimals}f}{spread}{'*' if cell.other_images else ''}"


def signed(value: float | None, decimals: int) -> str:
    """+1.2 or −1.2."""
    return EMPTY if value is None else f"{value:+.{decimals}f}".replace("-", "−")


def against(found: Paired | None, decimals: int) -> str:
    """−10.4 [−13.4, −7.4], 3 of 3 lower: paired difference, its 95 % interval, and how many."""
    if found is None:
        return EMPTY
    differences = found.differences
    told = signed(differences.mean, decimals)
    if (half := differences.half_width) is not None:
        low, high = differences.mean - half, differences.mean + half
        told += f" [{signed(low, decimals)}, {signed(high, decimals)}]"
    return f"{told}, {found.fewer} of {differences.n} lower"


def decimals(sheet: Sheet) -> int:
    """1 where that says all that the sheet's numbers hold, else 2."""
    values = [value for *_, cell in filled(sheet) for value in cell.values]
    values += [cell.printed.value for *_, cell in filled(sheet) if cell.printed]
    return 1 if all(abs(value - round(value, 1)) < 1e-6 for value in values) else 2


def seconds(cell: Cell) -> float | None:
    """How long a run took, in seconds; the median."""
    known = [record.result.get("seconds") for record in cell.records]
    known = [value for value in known if isinstance(value, (int, float))]
    return statistics.median(known) if known else None


def steps(cell: Cell) -> int | None:
    """How many steps its runs have, which all share."""
    return cell.records[0].result["steps"] if cell.records else None


def number(cell: Cell, name: str) -> Mean | None:
    """Another of the runs' errors in percent, by its key in `result.json`."""
    values = tuple(record.result.get(name) for record in cell.records)
    known = values and all(isinstance(value, (int, float)) for value in values)
    return Mean(values) if known else None


def about(sheet: Sheet) -> list[str]:
    """What a reader must know of a table, a sentence or two each."""
    measure = sheet.measure
    lines = [
        f"{measure.label} ({measure.unit}), {measure.better} is better; shipped weights, "
        f"{NUMBERS.get(sheet.number, sheet.number)}; mean ± standard deviation over seeds (n)."
    ]
    if sheet.source:
        lines.append(f"Published: {sheet.source}.")
    if budgets := _budgets(sheet):
        lines.append(budgets)
    if any(cell.other_images for *_, cell in filled(sheet)):
        lines.append(
            "*Not the images of the published number: these runs had another part of the data set."
        )
    if sheet.baseline and any(cell.paired for *_, cell in filled(sheet)):
        lines.append(
            f"Against {sheet.baseline}: differences between runs of the same split seed, mean, "
            "95 % interval of the mean (Student's t), and in how many it is lower."
        )
    return lines + ([sheet.note] if sheet.note else [])


def _budgets(sheet: Sheet) -> str:
    """How long the runs were, and which budget that is."""
    cells = [cell for *_, cell in filled(sheet) if cell.records]
    if not cells:
        return ""
    known = sorted({steps(cell) for cell in cells})
    many = f"{known[0]:,} to {known[-1]:,}" if len(known) > 1 else f"{known[0]:,}"
    epochs = [r.result["epochs"] for c in cells for r in c.records if r.result.get("epochs")]
    passes = f", {min(epochs):.3g} to {max(epochs):.3g} passes over the images" if epochs else ""
    budgets = {cell.budget for cell in cells}
    name = f"Budget {budgets.pop()}" if len(budgets) == 1 and "" not in budgets else "Length"
    return f"{name}: {many} steps a run{passes}."


def _columns(sheet: Sheet) -> list[str]:
    """The headings of the long table."""
    compared = [f"against {sheet.baseline}"] if sheet.baseline else []
    own = [sheet.measure.label, "published", "difference", *compared]
    return ["method", "of", *own, *NUMBERS.values(), "steps", "seconds a run"]


def long(sheet: Sheet) -> list[list[str]]:
    """The long table: its headings, and a line a cell."""
    return [_columns(sheet), *_lines(sheet)]


def _lines(sheet: Sheet) -> Iterator[list[str]]:
    digits = decimals(sheet)
    for row, column, cell in filled(sheet):
        compared = [against(cell.paired, digits)] if sheet.baseline else []
        own = [mean(cell.mean, digits), printed(cell, digits), signed(cell.difference, digits)]
        errors_of = [mean(number(cell, name), digits) for name in NUMBERS]
        many, long = steps(cell), seconds(cell)
        ends = [EMPTY if many is None else f"{many:,}", EMPTY if long is None else f"{long:,.0f}"]
        yield [row, column, *own, *compared, *errors_of, *ends]


def matrix(sheet: Sheet) -> Iterator[list[str]]:
    """The short table: a row a method, a column a protocol, ours and the published number."""
    digits = decimals(sheet)
    yield ["", *sheet.columns]
    for row in sheet.rows:
        cells = [sheet.cell(row, column) for column in sheet.columns]
        yield [
            row,
            *(
                mean(cell.mean, digits)
                + (f"; published {printed(cell, digits)}" if cell.printed else "")
                for cell in cells
            ),
        ]


def markdown(report: Report) -> str:
    """The report in Markdown."""
    parts = [f"# {report.title}", when(report)]
    for sheet in report.sheets:
        parts += [f"## {sheet.title}", "\n".join(f"- {line}" for line in about(sheet))]
        parts.append(_grid(list(matrix(sheet))))
        parts.append(_grid(long(sheet)))
    if report.found.left_out:
        rows = [[f"`{where}`", why] for where, why in report.found.left_out]
        parts += ["## Left out", _grid([["folder", "why"], *rows])]
    return "\n\n".join(parts) + "\n"


def short(report: Report) -> str:
    """The short tables alone, for a terminal."""
    return "\n\n".join(
        f"{sheet.title}, {sheet.measure.label} ({sheet.measure.unit})\n\n"
        f"{_grid(list(matrix(sheet)))}"
        for sheet in report.sheets
    )


def told(report: Report, written: Sequence[pathlib.Path]) -> str:
    """What a program prints at its end: the tables, what was left out, and where the rest is."""
    lines = [short(report)]
    lines += [f"left out: {where}: {why}" for where, why in report.found.left_out]
    names = ", ".join(path.name for path in written)
    return "\n".join([*lines, f"\nIn {written[0].parent}: {names}"])


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
    return f"{'; '.join(told)}. No number was chosen by test images."


def _count(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"


def _versions(record: Record) -> str:
    named = record.result.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in named.items())


def cells_csv(report: Report) -> str:
    """A line a cell, full precision."""
    lines = []
    for sheet in report.sheets:
        for row, column, cell in filled(sheet):
            lines.append(
                {"table": sheet.name, "row": row, "column": column, "measure": sheet.measure.label}
                | _figures(cell)
                | {f"mean_{name}": found.mean for name in NUMBERS if (found := number(cell, name))}
                | {"steps": steps(cell), "seconds": seconds(cell), "budget": cell.budget}
            )
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
            f"\\caption{{{_escaped(sheet.title)}. {' '.join(map(_escaped, about(sheet)))}}}",
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
            partial = folder / f"{name}.partial"
            partial.write_text(texts[name], encoding="utf-8", newline="")
            os.replace(partial, folder / name)
    except OSError as error:
        raise errors.UserError(
            f"--to={folder} cannot be written: {error.strerror}. The runs are untouched."
        ) from error
    return [folder / name for name in NAMES]
