"""Jiang, Zhang and Liu (2019), FR-GAN: SVHN with few labels, and with wrong labels."""

from tf_ssgan.papers.table import PublishedCell, Table, make_cells

PAPER = "Jiang, Zhang and Liu 2019"
IMAGES = 73_257  # SVHN without the "extra" images
LABELS = {f"{n} labels": {"dataset": "svhn", "labels": n} for n in (500, 1000)}
RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8)

FRGAN, FRGAN_NOSE = {"method": "frgan"}, {"method": "frgan_nose"}
# As in its public code, which halves the real-or-fake loss; Park et al. do not.
IMPROVED_GAN = {"method": "improved_gan", "unlabeled_weight": 0.5}
VAT = {"method": "vat", "entmin": False}
PI_MODEL, TEMPORAL_ENSEMBLING, MEAN_TEACHER, ICT, FAST_SWA, SPCTN = (
    {"method": name}
    for name in ("pi_model", "temporal_ensembling", "mean_teacher", "ict", "fast_swa", "spctn")
)
ALI, TRIPLE_GAN, LOCAL_GAN, BAD_GAN, MANIFOLD_INVARIANCE, MANIFOLD_REGULARIZATION = (
    {"method": name}
    for name in (
        "ali", "triple_gan", "local_gan", "bad_gan", "improved_gan_minv", "improved_gan_mreg",
    )
)  # fmt: skip

ONE_PASS = (
    "Temporal ensembling compares an image with its predictions in earlier passes over the pool: "
    "the small budget is about one pass over the official images, and hardly has any."
)

# The recipes have the papers' lengths. Small: each step has 50 images of each kind in every method,
# or 100 if one batch has both kinds. CNN13 has a quarter of its width. Tangents take most of the
# time of the methods that have them.
_WIDE_RESNET = {"depth": 10, "width": 16}
SMALL_CNN13 = {
    **dict.fromkeys(("ict", "spctn"), {"width": 32}),
    "fast_swa": {"unlabeled_per_batch": 50, "width": 32},
    **dict.fromkeys(("pi_model", "temporal_ensembling"), {"batch_size": 100, "width": 32}),
    "mean_teacher": {"batch_size": 100, "labeled_per_batch": 50, "width": 32},
}
SMALL_GANS = {
    "ali": {"width": 16},
    "triple_gan": {"width": 32, "generator_width": 24, "discriminator_width": 16},
    **dict.fromkeys(("local_gan", "improved_gan_minv"), {"tangents": 2}),
}
SMALL_AUXILIARY = dict.fromkeys(("adgm", "sdgm"), {"width": 200, "samples": 1})
SMOKE_GANS = {
    "triple_gan": {"generator_width": 8, "discriminator_width": 8},
    **dict.fromkeys(("local_gan", "improved_gan_minv"), {"tangents": 2}),
}
BUDGETS = {
    "full": {},
    "small": {
        "": {"max_steps": 700, "batch_size": 50, "width": 24},
        "vat": {**_WIDE_RESNET, "unlabeled_ratio": 1},
        "pseudo_label": _WIDE_RESNET,
        "m1_m2": {"width": 300, "feature_width": 300},
        **SMALL_CNN13,
        **SMALL_GANS,
        **SMALL_AUXILIARY,
    },
    "smoke": {
        "": {"max_steps": 20, "batch_size": 10, "width": 8},
        "vat": {"depth": 10},
        "pseudo_label": {"depth": 10},
        **SMOKE_GANS,
    },
}


def table2() -> Table:
    """Inception scores."""
    rows = {
        "GAN without SENet": (FRGAN_NOSE, "2.89±0.02"),
        "GAN without regularization": ({"method": "frgan_nocr"}, "3.02±0.14"),
        "FR-GAN": (FRGAN, "3.24±0.03"),
    }
    return Table(
        name="frgan_table2",
        title="Inception Scores of generated SVHN images; samples as in figure 3",
        source=f"{PAPER}, table 2 and figure 3",
        measure="inception_score",
        cells=make_cells({"score": LABELS["1000 labels"]}, rows),
        budgets=BUDGETS,
        shows=("samples",),
        evaluate_flags=("--generator",),
        note="The paper does not say which network computes the scores, how many labels were "
        "learned or how many images were generated; its column for real samples is empty. Here the "
        "reference classifier is trained on SVHN, and 1,000 labels are learned: the order of the "
        "rows can be compared, the scores themselves cannot.",
        images=IMAGES,
    )


def table3() -> Table:
    """Test errors."""
    rows = {
        "M1+M2": ({"method": "m1_m2"}, "- 36.02±0.10"),
        "VAT": (VAT, "? ?"),
        "ADGM": ({"method": "adgm"}, "? ?"),
        "SDGM": ({"method": "sdgm"}, "- 16.61±0.24"),
        "Improved-GAN": (IMPROVED_GAN, "18.44±4.8 8.11±1.3"),
        "ALI": (ALI, "- 7.42±0.65"),
        "Pi model": (PI_MODEL, "7.05±0.30 5.43±0.25"),
        "Temporal ensembling": (TEMPORAL_ENSEMBLING, "5.12±0.13 -"),
        "FR-GAN with regularization": (FRGAN_NOSE, "15.62±0.16 8.13±0.22"),
        "FR-GAN": (FRGAN, "13.41±0.20 7.20±0.16"),
    }
    return Table(
        name="frgan_table3",
        title="Test errors on SVHN with 500 and 1,000 labels",
        source=f"{PAPER}, table 3, rows re-aligned",
        measure="test_error",
        cells=make_cells(LABELS, rows),
        budgets=BUDGETS,
        note="As printed in the translation, the quoted rows are shifted: M1+M2 36.02, VAT 16.61, "
        "ADGM 18.44, SDGM 8.11, Improved-GAN 7.42, ALI 7.05, Pi model 5.43, temporal ensembling "
        "5.12, without numbers of labels. These are the entries of a table with a column for 500 "
        "and one for 1,000 labels whose empty cells were lost; here each entry is back where the "
        "papers of ALI, of ImprovedGAN and of temporal ensembling have it. What was printed for "
        "VAT and ADGM is lost. VAT is trained here on a wide residual network. In Laine and Aila "
        "(2017), the Pi model's errors are those without augmentation, and temporal ensembling's "
        "is the one with it; here both shift images. " + ONE_PASS,
        images=IMAGES,
    )


def figure4() -> Table:
    """Accuracy by the share of wrong labels."""
    noisy = {"dataset": "svhn", "labels": -1, "noise": "wrong"}
    columns = {f"{100 * rate:g} % wrong labels": noisy | {"noise_rate": rate} for rate in RATES}
    rows = {"(a) conventional GAN": {"method": "ssgan"}, "(b) FR-GAN": FRGAN}
    small = BUDGETS["small"] | {"": BUDGETS["small"][""] | {"width": 16}}
    return Table(
        name="frgan_figure4",
        title="Test accuracy on SVHN with wrong labels",
        source=f"{PAPER}, figure 4",
        measure="accuracy",
        cells=tuple(
            PublishedCell(row, column, own | shared)
            for row, own in rows.items()
            for column, shared in columns.items()
        ),
        budgets=BUDGETS | {"small": small},
        shows=("noise_curves",),
        note="The figure has no numbers, and the text only says that (a) falls fast and that (b) "
        "hardly changes up to 50 %. All labels are used. The shares except 50 % are our choice, "
        "and so is that a wrong label may be any other class. A curve has one point per epoch; on "
        "the official images the small budget is half an epoch.",
        images=IMAGES,
    )


TABLES = (table2, table3, figure4)
