"""Dravid et al. (2022), a poster: AC-GANs that classify clothes, photographs and radiographs."""

from typing import Any

from tf_ssgan.papers.table import PublishedCell, Table, grid

PAPER = "Dravid et al. 2022"
IMAGES = {"fashion_mnist": 60_000, "cifar10": 50_000}
SIZES = (500, 2500, 10_000, 20_000, 40_000)
FASHION = {f"{n} labels": {"dataset": "fashion_mnist", "labels": n} for n in SIZES}
# Its code averages no weights and keeps those that were best on validation images.
NUMBER = "test_error_raw_at_best_validation"
_KEPT = "The poster's code keeps the weights that were best on validation images, raw ones. "

PLAIN = {"translate_labeled": False}  # the poster's figure 9 warns of augmentation
BASELINE = {"method": "supervised", "network": "fm_cnn"} | PLAIN  # twice as wide as --width says
ACGAN, WACGAN_GPT = {"method": "acgan"} | PLAIN, {"method": "wacgan_gpt"} | PLAIN

# A thousand passes over the labeled images, 100 a step. The recipe says so for 500 of them.
BUDGETS = {
    "full": {f"@{n}": {"max_steps": 10 * n} for n in SIZES[1:]},
    "small": {"": {"max_steps": 1000, "width": 16}, "supervised": {"width": 8}},
    "smoke": {
        "": {"max_steps": 20, "batch_size": 10, "width": 8},
        "supervised": {"width": 4},
    },
}
# `alexnet` is half as wide as the discriminator whose --width is the same.
_PHOTOGRAPHS = {
    "full": {},
    "small": {"": {"max_steps": 900, "width": 32}, "alexnet": {"width": 16}},
    "smoke": {"": {"max_steps": 20, "batch_size": 10, "width": 8}, "alexnet": {"width": 4}},
}
# The baseline's recipe for clothes; there is none for a person's own pictures.
_SCHEDULE = {"learning_rate": 2e-4, "decay_start": 0.999}
_RADIOGRAPHS = {
    "full": {"": {"epochs": 1000}, "supervised": _SCHEDULE},
    "small": {
        "": {"max_steps": 300, "batch_size": 20, "width": 16},
        "supervised": {**_SCHEDULE, "width": 8},
    },
    "smoke": {
        "": {"max_steps": 20, "batch_size": 4, "width": 8},
        "supervised": {**_SCHEDULE, "width": 4},
    },
}


def _clothes() -> tuple[PublishedCell, ...]:
    rows = {
        "Baseline CNN": (BASELINE, "77.5±1.5 83.5±1.0 86.4±1.5 87.5±1.3 90.3±0.8"),
        "AC-GAN": (ACGAN, "77.6±1.7 81.2±2.1 87.3±1.3 88.6±1.6 90.9±0.8"),
        "WAC-GAN-GP": (
            {"method": "wacgan_gp"} | PLAIN,
            "77.9±1.5 84.4±1.5 87.6±0.9 88.1±1.2 91.0±0.4",
        ),
        "AC-GAN with truncation": (
            {"method": "acgan_trunc"} | PLAIN,
            "78.8±1.5 84.8±1.1 87.8±0.7 89.1±0.5 90.7±0.8",
        ),
        "WAC-GAN-GPT": (WACGAN_GPT, "79.8±1.5 86.0±1.2 88.4±1.1 89.8±0.9 91.3±0.7"),
    }
    return grid(FASHION, rows)


def _of_clothes(name: str, title: str, where: str, **more: Any) -> Table:
    return Table(
        name,
        title,
        f"{PAPER}, {where}",
        measure="accuracy",
        cells=_clothes(),
        budgets=BUDGETS,
        number=NUMBER,
        note=_KEPT + "How many images it holds out, and how many runs a spread is of, is not said.",
        images=IMAGES["fashion_mnist"],
        **more,
    )


def table1() -> Table:
    """Accuracy on clothes."""
    title = "Test accuracy on clothes by the number of labeled images"
    return _of_clothes("acgan_table1", title, "table 1")


def figure7() -> Table:
    """The same as a graph."""
    title = "Curves of the accuracies of acgan_table1"
    return _of_clothes("acgan_figure7", title, "figure 7", shows=("label_curves",))


def table2() -> Table:
    """The truncation factors that were found."""
    return Table(
        name="acgan_table2",
        title="Truncation factor that WAC-GAN-GPT finds, by the number of labeled images",
        source=f"{PAPER}, table 2",
        measure="tau",
        cells=grid(
            FASHION, {"tau": (WACGAN_GPT, "0.89±0.14 1.05±0.12 1.20±0.13 1.49±0.08 1.63±0.05")}
        ),
        budgets=BUDGETS,
        number="test_error_at_best_validation",
        note="Tau where the validation error was lowest. The poster does not say what keeps its "
        "search away from small factors, whose images are the easiest to classify; here each "
        "search starts from 1 and stays in [0.1, 3].",
        images=IMAGES["fashion_mnist"],
    )


def _photographs(heading: str, alexnet: str, acgan: str, wacgan_gpt: str) -> tuple:
    wide = {"network": "alexnet"}
    rows = {
        "AlexNet": ({"method": "alexnet"}, alexnet),
        "AC-GAN": (ACGAN | wide, acgan),
        "WAC-GAN-GPT": (WACGAN_GPT | wide, wacgan_gpt),
    }
    return grid({heading: {"dataset": "cifar10", "labels": -1}}, rows)


def table3() -> Table:
    """Accuracy on photographs."""
    return Table(
        name="acgan_table3",
        title="Test accuracy on photographs, all labels",
        source=f"{PAPER}, table 3, CIFAR 10",
        measure="accuracy",
        cells=_photographs("CIFAR-10", "70.5±0.5", "70.1±0.8", "72.9±0.7"),
        budgets=_PHOTOGRAPHS,
        number=NUMBER,
        note=_KEPT + "acgan_table3_shift has the second line of this table.",
        images=IMAGES["cifar10"],
    )


def table3_shift() -> Table:
    """Accuracy of the same classifiers on new photographs."""
    return Table(
        name="acgan_table3_shift",
        title="Accuracy of the classifiers of acgan_table3 on new test photographs",
        source=f"{PAPER}, table 3, CIFAR10.1v6",
        measure="accuracy_on_cifar10_1",
        cells=_photographs("CIFAR-10.1 v6", "53.5±1.0", "56.4±1.1", "59.3±0.6"),
        budgets=_PHOTOGRAPHS,
        after=("evaluate",),
        note="Here the weights that a run ships, of its last step. The standard error of an "
        "accuracy of 55 % on these 2,000 images is 1.1 points: compare two runs by McNemar's test, "
        "python -m tf_ssgan.judge --against.",
        images=IMAGES["cifar10"],
    )


def table4() -> Table:
    """Accuracy on radiographs."""
    rows = {
        "CNN": (BASELINE, "94.0±1.5"),
        "AC-GAN": (ACGAN, "95.5±0.5"),
        "WAC-GAN-GPT": (WACGAN_GPT, "97.6±0.9"),
    }
    form = {"dataset": "folder:covid", "labels": -1, "image_size": 128, "channels": "3"}
    return Table(
        name="acgan_table4",
        title="Test accuracy on chest radiographs with and without COVID-19",
        source=f"{PAPER}, table 4",
        measure="accuracy",
        cells=grid({"COVID-19": form}, rows),
        budgets=_RADIOGRAPHS,
        number=NUMBER,
        note=_KEPT + "The poster does not say whose radiographs they are. Put some of your own "
        "into DIR/covid/<class>/ and say --data_dir=DIR: as long as they are others, only the "
        "order of the rows can be compared.",
    )


def _clusters(cnn: str, acgan: str, wacgan_gpt: str) -> tuple:
    rows = {
        "CNN, real images": (BASELINE, cnn),
        "AC-GAN": (ACGAN, acgan),
        "WAC-GAN-GPT": (WACGAN_GPT, wacgan_gpt),
    }
    return grid({"Fashion-MNIST": FASHION["500 labels"]}, rows)


def _pictures(
    name: str, title: str, where: str, cells: tuple[PublishedCell, ...], **more: Any
) -> Table:
    """A figure of generated images, whose runs have an accuracy that is printed nowhere."""
    return Table(
        name,
        title,
        f"{PAPER}, {where}",
        measure="accuracy",
        cells=cells,
        number=NUMBER,
        **more,
    )


def figure1() -> Table:
    """Samples of the best method."""
    cell = WACGAN_GPT | {"network": "alexnet", "dataset": "cifar10", "labels": -1}
    return _pictures(
        "acgan_figure1",
        "Photographs that WAC-GAN-GPT draws",
        "figure 1",
        (PublishedCell("WAC-GAN-GPT", "CIFAR-10", cell),),
        budgets=_PHOTOGRAPHS,
        shows=("samples",),
        note="A radiograph and a bird on the poster; acgan_table4 draws radiographs.",
        images=IMAGES["cifar10"],
    )


def figure5() -> Table:
    """Samples of truncated latents."""
    return _pictures(
        "acgan_figure5",
        "Clothes of all latents, and of truncated ones",
        "figure 5",
        (PublishedCell("AC-GAN", "Fashion-MNIST", ACGAN | FASHION["500 labels"]),),
        budgets=BUDGETS,
        shows=("truncation",),
        after=("judge",),
        note="The poster does not say of which method and tau its images are.",
        images=IMAGES["fashion_mnist"],
    )


def figure9() -> Table:
    """Samples where labeled images are moved."""
    rows = {"as they are": False, "moved by up to 2 pixels": True}
    return _pictures(
        "acgan_figure9",
        "Generated clothes, with and without augmentation of the labeled images",
        "figure 9",
        tuple(
            PublishedCell(
                row, "Fashion-MNIST", ACGAN | FASHION["500 labels"] | {"translate_labeled": moved}
            )
            for row, moved in rows.items()
        ),
        budgets=BUDGETS,
        shows=("samples",),
        note="The poster does not say how its images were augmented: theirs are turned, and the "
        "generator draws turned ones. Here they are moved.",
        images=IMAGES["fashion_mnist"],
    )


_LAID = (
    "The poster does not say how many labels were learned, nor how its t-SNE was made. Here 500 "
    "labels are learned, and the images of a run and real ones are laid out by the features of one "
    "judge. The scale of a t-SNE is its own: only the order of the rows can be compared."
)


def figure8() -> Table:
    """How tight the classes are."""
    return Table(
        name="acgan_figure8",
        title="How far generated clothes lie from the center of their class in a t-SNE",
        source=f"{PAPER}, figure 8",
        measure="cluster_distance",
        cells=_clusters("7.83", "5.16", "3.94"),
        budgets=BUDGETS,
        shows=("embedding",),
        after=("judge",),
        note=_LAID,
        images=IMAGES["fashion_mnist"],
    )


def figure8_deviation() -> Table:
    """How much their distances differ."""
    return Table(
        name="acgan_figure8_deviation",
        title="Standard deviation of the distances of acgan_figure8",
        source=f"{PAPER}, figure 8",
        measure="cluster_deviation",
        cells=_clusters("4.71", "2.17", "1.76"),
        budgets=BUDGETS,
        after=("judge",),
        note=_LAID,
        images=IMAGES["fashion_mnist"],
    )


TABLES = (
    table1,
    table2,
    table3,
    table3_shift,
    table4,
    figure1,
    figure5,
    figure7,
    figure8,
    figure8_deviation,
    figure9,
)
