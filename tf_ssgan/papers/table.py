"""A table of a paper: cells, each with the flags of its runs and the published number."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tf_ssgan.common import errors

BUDGETS = ("full", "small", "smoke")

Flags = Mapping[str, Any]
Budgets = Mapping[str, Mapping[str, Flags]]
PublishedFigure = Literal[
    "label_curves",
    "learning_curves",
    "noise_curves",
    "samples",
    "top3",
    "perturbed",
    "embedding",
    "truncation",
]


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What the numbers of a table are.

    Attributes:
        label: Its name in reports.
        unit: "%", or empty.
        better: Whether lower or higher values are better; empty if neither is.
        published_scale: How published numbers are measured, if that gives them another scale than
            ours: they are quoted, and no difference to them is formed. Else empty.
    """

    label: str
    unit: str
    better: Literal["lower", "higher", ""]
    published_scale: str = ""


_TSNE = "in the plane of a t-SNE, whose scale is arbitrary"

QUANTITIES: Mapping[str, Quantity] = {
    "test_error": Quantity("test error", "%", "lower"),
    "accuracy": Quantity("test accuracy", "%", "higher"),  # 100 - test_error
    "inception_score": Quantity(
        "Inception Score", "", "higher", "by a network that the paper does not name"
    ),
    "tau": Quantity("truncation factor tau", "", ""),
    "accuracy_on_cifar10_1": Quantity("accuracy on CIFAR-10.1 v6", "%", "higher"),
    "cluster_distance": Quantity(
        "mean distance to the class centers in the features of the reference classifier",
        "",
        "lower",
        _TSNE,
    ),
    "cluster_stddev": Quantity(
        "standard deviation of the distances to the class centers in these features",
        "",
        "lower",
        _TSNE,
    ),
}


@dataclasses.dataclass(frozen=True)
class PublishedCell:
    """A number of a table, and the runs that it is compared with.

    Attributes:
        row: Heading of the row as published, in whole words.
        column: Heading of the column, likewise.
        flags: Flags of its runs: method, data set, labels, hyperparameters; without seed and
            length. Empty if the paper quotes a method that is not implemented here.
        published: The number, in the table's unit; None if none is published.
        spread: Its standard deviation; None if none is published.
    """

    row: str
    column: str
    flags: Flags
    published: float | None = None
    spread: float | None = None

    @property
    def trained(self) -> bool:
        """Whether a method here trains it."""
        return bool(self.flags)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table or figure of a paper.

    Attributes:
        name: Its name on the command line.
        title: One line.
        source: The paper, and the number of the table or figure in it.
        measure: A key of `QUANTITIES`.
        cells: Row by row.
        budgets: Budget -> key -> flags that are added to those of a cell. The key is "" for all
            cells, "@2500" for cells with that many labels, or the name of a method; later ones
            override earlier ones in this order.
        number: Which number of a run the paper reports, a key of `result.json`.
        shows: Images and charts that belong to it.
        evaluate_flags: Flags with which `tf_ssgan.evaluate` measures what a finished run does not
            measure itself; empty if it measures all.
        note: What a reader must know: our choices, and mistakes in the original.
        images: Training images of the official data set; 0 for your own images.
    """

    name: str
    title: str
    source: str
    measure: str
    cells: tuple[PublishedCell, ...]
    budgets: Budgets
    number: str = "test_error"
    shows: tuple[PublishedFigure, ...] = ()
    evaluate_flags: tuple[str, ...] = ()
    note: str = ""
    images: int = 0

    def flags(self, cell: PublishedCell, budget: str, seed: int) -> dict[str, Any]:
        """All flags of a run of train_main.py except its folders.

        Args:
            cell: A cell that is trained.
            budget: One of `BUDGETS`.
            seed: Seed of the run.

        Raises:
            UserError: The budget is unknown.
        """
        if budget not in BUDGETS:
            raise errors.UserError(
                f"--budget={budget} is not a budget. {errors.nearest(budget, BUDGETS)}"
            )
        flags = dict(cell.flags)
        for key in ("", f"@{cell.flags.get('labels')}", cell.flags.get("method")):
            flags |= self.budgets[budget].get(key, {})
        return flags | {"seed": seed}


def make_cells(
    columns: Mapping[str, Flags], rows: Mapping[str, tuple[Flags, str]]
) -> tuple[PublishedCell, ...]:
    """Makes the cells of a table from its lines as they are published.

    Args:
        columns: Heading -> flags of the runs below it.
        rows: Heading -> (flags of its runs, line). The flags are empty if the row is quoted. The
            line has one word for each column: "13.41±0.20" or "13.41", "?" if the number is lost,
            "-" if the table has no such cell.

    Returns:
        The cells, row by row.
    """
    cells = []
    for row, (row_flags, line) in rows.items():
        for (column, column_flags), text in zip(columns.items(), line.split(), strict=True):
            value, _, spread = text.partition("±")
            flags = {**row_flags, **column_flags} if row_flags else {}
            if value != "-":
                cells.append(PublishedCell(row, column, flags, _number(value), _number(spread)))
    return tuple(cells)


def _number(text: str) -> float | None:
    return float(text) if text not in ("", "?") else None
