"""What a reader must know of a table, in sentences that are the same in every format."""

from collections.abc import Iterator, Sequence

from tf_ssgan.common import counts, few_images
from tf_ssgan.reports import cell_text, reference_levels, run_code
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.result_table import ResultCell, ResultTable


def describe_table(table: ResultTable) -> list[str]:
    """What a reader must know of a table, in lines of one or two sentences."""
    better = f", {table.measure.better} is better" if table.measure.better else ""
    weights = f"; {_describe_number(table.number)}" if cell_text.is_error_or_accuracy(table) else ""
    quantity = f"{cell_text.quantity_label(table)}{better}{weights}"
    lines = [f"{quantity}; mean ± standard deviation over seeds (n)."]
    lines += [*describe_test_images(table), *_describe_published(table), *_describe_budgets(table)]
    lines += [run_code.describe_code(table.parts)] if table.runs else []
    if any(cell.other_images for *_, cell in cell_text.filled_cells(table)):
        lines.append(
            "*Not the images of the published number: these runs had another part of the data set."
        )
    lines += reference_levels.describe(table)
    lines += describe_few_images(table)
    if table.baseline and any(cell.paired for *_, cell in cell_text.filled_cells(table)):
        lines.append(_describe_differences(table))
    return lines + ([table.note] if table.note else [])


def describe_test_images(table: ResultTable) -> Iterator[str]:
    """How many images the numbers are shares of, and what the interval of a single run is."""
    by_column = {
        column: sorted({cell.test_images for cell in _whole_cells(table, column)} - {0})
        for column in table.columns
    }
    sizes = sorted({count for own in by_column.values() for count in own})
    if not sizes:
        return
    each = counts.things(sizes[0], "test image")
    if len(sizes) > 1:
        parts = (f"{c}: {_format_range(n, ',')}" for c, n in by_column.items() if n)
        each = f"the test images ({'; '.join(parts)})"
    yield (
        f"Each number is a share of {each}. [a, b] behind a single run is the 95 % interval that "
        "follows from their number (Wilson); it does not cover other labels or seeds."
    )
    if any(run.missing_folds for run in table.runs):
        yield "The number of a row that lacks folds is of the images that this row names."
    whole = (run for run in table.runs if not run.missing_folds)
    if folds := sorted({run.fold_count for run in whole if run.fold_count}):
        numbers = " or ".join(map(str, folds))
        yield (
            f"Of a seed with {numbers} folds, each labeled image is tested once, by the run that "
            "has not learned from it; its error is that of all these images together."
        )


def _whole_cells(table: ResultTable, column: str) -> list[ResultCell]:
    """The cells of a column; those that lack folds only if there are no others."""
    cells = [table.cell(row, column) for row in table.rows]
    return [cell for cell in cells if not cell.lacks_folds] or cells


def _describe_differences(table: ResultTable) -> str:
    """What the differences to the baseline and their intervals are."""
    shares = any(cell.test_images for *_, cell in cell_text.filled_cells(table))
    floor = ", but no narrower than the binomial errors of both on the test images" * shares
    return (
        f"Against {table.baseline}: differences between runs of the same split seed, mean, 95 % "
        f"interval of the mean (Student's t over the splits{floor}), and how many are ahead. Fewer "
        "than three splits are not enough to distinguish two methods."
    )


def describe_few_images(table: ResultTable) -> list[str]:
    """What the images of its runs are too few for, in sentences."""
    return [*_describe_lacking(table), *_describe_missing(table)]


def _describe_lacking(table: ResultTable) -> Iterator[str]:
    """The runs without a best step, whose held-out images are too few to choose one."""
    if not (cell_text.is_error_or_accuracy(table) and "at_best_validation" in table.number):
        return
    lacking = [run for cell in table.cells.values() for run in cell.lacking]
    held_out = sorted({run.result["validation_images"] for run in lacking})
    reasons = [few_images.why_no_best(count) for count in held_out]
    if reasons := [reason for reason in reasons if reason]:
        yield f"{counts.say(len(lacking), 'run', 'are left out')}: {' or '.join(reasons)}."


def _describe_missing(table: ResultTable) -> Iterator[str]:
    """The classes that runs could not learn, and those of which their test images show nothing."""
    unknown = [tuple(run.result.get("classes_without_labels", ())) for run in table.runs]
    if len(different := {*unknown} - {()}) > 1:  # each split leaves out others
        lacking = counts.say(sum(map(bool, unknown)), "run", "have no labeled image of some class")
        yield f"{lacking}: the classifier does not know it."
        different = set()
    untested = dict.fromkeys(tuple(run.result["classes_without_test_images"]) for run in table.runs)
    texts = [*map(few_images.not_learned, different), *map(few_images.untested, untested)]
    yield from (f"{text[0].upper()}{text[1:]}." for text in texts if text)


def _describe_number(number: str) -> str:
    """The weights that a number of a run belongs to, and the step."""
    column = ERROR_COLUMNS[number]
    return column if "raw" in number else f"exported weights, {column}"


def _describe_published(table: ResultTable) -> Iterator[str]:
    """The sources of the published numbers, and which numbers the differences compare."""
    published = [cell.published for *_, cell in cell_text.filled_cells(table) if cell.published]
    sources = [table.source] if table.source else dict.fromkeys(p.source for p in published)
    if sources:
        yield f"Published: {'; '.join(sources)}."
    if published and (scale := table.measure.published_scale):
        yield f"Published numbers are measured {scale}: no difference to them is formed."
    others = sorted({p.number for p in published} - {table.number})
    if others and cell_text.is_error_or_accuracy(table):
        text = " or ".join(_describe_number(number) for number in others)
        yield f"Differences to published numbers are of the number that the paper reports: {text}."


def _describe_budgets(table: ResultTable) -> Iterator[str]:
    """The length of the runs, and the budget that has this length."""
    cells = [cell for *_, cell in cell_text.filled_cells(table) if cell.runs]
    if not cells:
        return
    budgets = {cell.budget for cell in cells}
    name = f"Budget {budgets.pop()}" if len(budgets) == 1 and "" not in budgets else "Length"
    lengths = [
        f"{_format_range([cell_text.steps_per_run(cell) for cell in cells], ',')} steps per run"
    ]
    epochs = [r.result["epochs"] for c in cells for r in c.runs if r.result["epochs"]]
    if epochs:
        lengths.append(f"{_format_range(epochs, '.3g')} passes over the images")
    yield f"{name}: {', '.join(lengths)}."


def _format_range(values: Sequence[float], spec: str) -> str:
    """5 to 9: the smallest and the largest value; one of them if both look the same."""
    return " to ".join(dict.fromkeys((f"{min(values):{spec}}", f"{max(values):{spec}}")))
