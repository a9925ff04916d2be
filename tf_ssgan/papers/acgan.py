"""Dravid et al. (2022), a poster: AC-GANs on Fashion-MNIST, CIFAR-10 and chest radiographs."""

from typing import Any

from tf_ssgan.papers.table import PublishedCell, Table, make_cells

PAPER = "Dravid et al. 2022"
IMAGES = {"fashion_mnist": 60_000, "cifar10": 50_000}
SIZES = (500, 2500, 10_000, 20_000, 40_000)
FASHION = {f"{n} labels": {"dataset": "fashion_mnist", "labels": n} for n in SIZES}
# The poster's code averages no weights and keeps those that were best on validation images.
NUMBER = "test_error_raw_at_best_validation"
_WEIGHTS_NOTE = "The poster's code keeps the raw weights that were best on validation images. "

PLAIN = {"translate_labeled": False}  # the poster's figure 9 warns against augmentation
BASELINE = {"method": "supervised", "network": "fm_cnn"} | PLAIN  # twice as wide as --width says
ACGAN, WACGAN_GPT = {"method": "acgan"} | PLAIN, {"method": "wacgan_gpt"} | PLAIN

# 1,000 passes over the labeled images, 100 a step. For 500 labels the recipe has this length.
BUDGETS = {
    "full": {f"@{n}": {"max_steps": 10 * n} for n in SIZES[1:]},
    "small": {"": {"max_steps": 1000, "width": 16}, "supervised": {"width": 8}},
    "smoke": {
        "": {"max_steps": 20, "batch_size": 10, "width": 8},
        "supervised": {"width": 4},
    },
}
# With the same --width, `alexnet` is half as wide as the discriminator.
_CIFAR10_BUDGETS = {
    "full": {},
    "small": {"": {"max_steps": 900, "width": 32}, "alexnet": {"width": 16}},
    "smoke": {"": {"max_steps": 20, "batch_size": 10, "width": 8}, "alexnet": {"width": 4}},
}
# The baseline's recipe for Fashion-MNIST; it has none for your own images.
_SCHEDULE = {"learning_rate": 2e-4, "decay_start": 0.999}
_RADIOGRAPH_BUDGETS = {
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


def _fashion_mnist_cells() -> tuple[PublishedCell, ...]:
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
    return make_cells(FASHION, rows)


def _fashion_mnist_table(name: str, title: str, where: str, **more: Any) -> Table:
    return Table(
        name,
        title,
        f"{PAPER}, {where}",
        measure="accuracy",
        cells=_fashion_mnist_cells(),
        budgets=BUDGETS,
        number=NUMBER,
        note=_WEIGHTS_NOTE
        + "The poster does not say how many images it holds out, nor how many runs a spread is of.",
        images=IMAGES["fashion_mnist"],
        **more,
    )


def table1() -> Table:
    """Accuracy on Fashion-MNIST."""
    title = "Test accuracy on Fashion-MNIST by number of labels"
    return _fashion_mnist_table("acgan_table1", title, "table 1")


def figure7() -> Table:
    """The same as a graph."""
    title = "Curves of the accuracies of acgan_table1"
    return _fashion_mnist_table("acgan_figure7", title, "figure 7", shows=("label_curves",))


def table2() -> Table:
    """The truncation factors that the search finds."""
    return Table(
        name="acgan_table2",
        title="Truncation factor that WAC-GAN-GPT finds, by number of labels",
        source=f"{PAPER}, table 2",
        measure="tau",
        cells=make_cells(
            FASHION, {"tau": (WACGAN_GPT, "0.89±0.14 1.05±0.12 1.20±0.13 1.49±0.08 1.63±0.05")}
        ),
        budgets=BUDGETS,
        number=NUMBER,
        note="Tau is read where the accuracy of acgan_table1 is. The poster does not say what "
        "keeps its search away from small factors, whose images are the easiest to classify; here "
        "each search starts from 1 and stays in [0.1, 3]. --tau_search=validation asks instead "
        "which images lower the loss of held-out images.",
        images=IMAGES["fashion_mnist"],
    )


def _cifar10_cells(column: str, alexnet: str, acgan: str, wacgan_gpt: str) -> tuple:
    wide = {"network": "alexnet"}
    rows = {
        "AlexNet": ({"method": "alexnet"}, alexnet),
        "AC-GAN": (ACGAN | wide, acgan),
        "WAC-GAN-GPT": (WACGAN_GPT | wide, wacgan_gpt),
    }
    return make_cells({column: {"dataset": "cifar10", "labels": -1}}, rows)


def table3() -> Table:
    """Accuracy on CIFAR-10."""
    return Table(
        name="acgan_table3",
        title="Test accuracy on CIFAR-10, all labels",
        source=f"{PAPER}, table 3, CIFAR 10",
        measure="accuracy",
        cells=_cifar10_cells("CIFAR-10", "70.5±0.5", "70.1±0.8", "72.9±0.7"),
        budgets=_CIFAR10_BUDGETS,
        number=NUMBER,
        note=_WEIGHTS_NOTE + "The second line of this table is acgan_table3_shift.",
        images=IMAGES["cifar10"],
    )


def table3_shift() -> Table:
    """Accuracy of the same classifiers on CIFAR-10.1."""
    return Table(
        name="acgan_table3_shift",
        title="Accuracy of the classifiers of acgan_table3 on CIFAR-10.1",
        source=f"{PAPER}, table 3, CIFAR10.1v6",
        measure="accuracy_on_cifar10_1",
        cells=_cifar10_cells("CIFAR-10.1 v6", "53.5±1.0", "56.4±1.1", "59.3±0.6"),
        budgets=_CIFAR10_BUDGETS,
        evaluate_flags=("--dataset=cifar10_1/v6",),
        note="Here the exported weights of the last step are evaluated. The standard error of an "
        "accuracy of 55 % on these 2,000 images is 1.1 points: compare two runs by McNemar's test, "
        "python -m tf_ssgan.evaluate --against.",
        images=IMAGES["cifar10"],
    )


def table4() -> Table:
    """Accuracy on chest radiographs."""
    rows = {
        "CNN": (BASELINE, "94.0±1.5"),
        "AC-GAN": (ACGAN, "95.5±0.5"),
        "WAC-GAN-GPT": (WACGAN_GPT, "97.6±0.9"),
    }
    column = {"dataset": "folder:covid", "labels": -1, "image_size": 128, "channels": "3"}
    return Table(
        name="acgan_table4",
        title="Test accuracy on chest radiographs with and without COVID-19",
        source=f"{PAPER}, table 4",
        measure="accuracy",
        cells=make_cells({"COVID-19": column}, rows),
        budgets=_RADIOGRAPH_BUDGETS,
        number=NUMBER,
        note=_WEIGHTS_NOTE
        + "The poster does not say where its radiographs are from. Put radiographs of your own "
        "into DIR/covid/<class>/ and give --data_dir=DIR: unless they are the poster's, only the "
        "order of the rows can be compared.",
    )


def _cluster_cells(cnn: str, acgan: str, wacgan_gpt: str) -> tuple:
    rows = {
        "CNN, real images": (BASELINE, cnn),
        "AC-GAN": (ACGAN, acgan),
        "WAC-GAN-GPT": (WACGAN_GPT, wacgan_gpt),
    }
    return make_cells({"Fashion-MNIST": FASHION["500 labels"]}, rows)


def _image_figure(
    name: str, title: str, where: str, cells: tuple[PublishedCell, ...], **more: Any
) -> Table:
    """A figure of generated images; the poster does not print the accuracy of its runs."""
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
    """Generated images of the best method."""
    cell = WACGAN_GPT | {"network": "alexnet", "dataset": "cifar10", "labels": -1}
    return _image_figure(
        "acgan_figure1",
        "Images that WAC-GAN-GPT generates on CIFAR-10",
        "figure 1",
        (PublishedCell("WAC-GAN-GPT", "CIFAR-10", cell),),
        budgets=_CIFAR10_BUDGETS,
        shows=("samples",),
        note="The poster shows a radiograph and a bird; acgan_table4 has runs on radiographs.",
        images=IMAGES["cifar10"],
    )


def figure5() -> Table:
    """Generated images from truncated latents."""
    return _image_figure(
        "acgan_figure5",
        "Fashion-MNIST images generated from all latents, and from truncated ones",
        "figure 5",
        (PublishedCell("AC-GAN", "Fashion-MNIST", ACGAN | FASHION["500 labels"]),),
        budgets=BUDGETS,
        shows=("truncation",),
        evaluate_flags=("--generator",),
        note="The poster does not say which method and tau its images are from.",
        images=IMAGES["fashion_mnist"],
    )


def figure9() -> Table:
    """Generated images with and without augmentation."""
    rows = {"not augmented": False, "moved by up to 2 pixels": True}
    return _image_figure(
        "acgan_figure9",
        "Generated Fashion-MNIST images, with and without augmentation of the labeled images",
        "figure 9",
        tuple(
            PublishedCell(
                row, "Fashion-MNIST", ACGAN | FASHION["500 labels"] | {"translate_labeled": moved}
            )
            for row, moved in rows.items()
        ),
        budgets=BUDGETS,
        shows=("samples",),
        note="The poster does not say how its images were augmented: they are rotated, and the "
        "generator generates rotated ones. Here images are moved.",
        images=IMAGES["fashion_mnist"],
    )


_TSNE_NOTE = (
    "The poster does not say how many labels were learned, nor how its t-SNE was computed. Here "
    "500 labels are learned, and one t-SNE embeds generated and real images by the features of one "
    "reference classifier. The scale of a t-SNE is arbitrary: only the order of the rows can be "
    "compared."
)


def figure8() -> Table:
    """Mean distance of generated images to the center of their class."""
    return Table(
        name="acgan_figure8",
        title="Mean distance of generated images to the center of their class in a t-SNE",
        source=f"{PAPER}, figure 8",
        measure="cluster_distance",
        cells=_cluster_cells("7.83", "5.16", "3.94"),
        budgets=BUDGETS,
        shows=("embedding",),
        evaluate_flags=("--generator",),
        note=_TSNE_NOTE,
        images=IMAGES["fashion_mnist"],
    )


def figure8_stddev() -> Table:
    """Standard deviation of these distances."""
    return Table(
        name="acgan_figure8_stddev",
        title="Standard deviation of the distances of acgan_figure8",
        source=f"{PAPER}, figure 8",
        measure="cluster_stddev",
        cells=_cluster_cells("4.71", "2.17", "1.76"),
        budgets=BUDGETS,
        evaluate_flags=("--generator",),
        note=_TSNE_NOTE,
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
    figure8_stddev,
    figure9,
)
