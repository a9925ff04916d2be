"""Tables of runs by what they are: nothing is mixed, and names say what differs and only that."""

import collections

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.reports import by_paper, by_protocol

NOISY = {"noise": "wrong", "noise_rate": 0.1}
TABLE = papers.Table(
    name="toy_table",
    title="A toy",
    source="Nobody 2020, table 1",
    measure="accuracy",
    cells=(
        papers.PublishedCell(
            "FR-GAN", "50", {"method": "frgan", "dataset": "digits", "labels": 50}, 96, 0.5
        ),
        papers.PublishedCell("VAT", "50", {"method": "vat", "dataset": "digits", "labels": 50}),
        papers.PublishedCell("quoted", "50", {}, 90.0),
    ),
    budgets=dict.fromkeys(papers.BUDGETS, {}),
    images=finished_run_folders.POOL,
)


@pytest.fixture(autouse=True)
def _one_paper(monkeypatch):
    monkeypatch.setattr(papers, "_TABLES", {TABLE.name: TABLE})


def sheet(*found, **asked):
    (made,) = by_protocol.by_protocol(found, **asked)
    return made


def places(made):
    """Folder -> where it is; each is somewhere once."""
    found = collections.defaultdict(list)
    for place, cell in made.cells.items():
        for record in cell.records:
            found[str(record.folder)].append(place)
    assert all(len(there) == 1 for there in found.values())
    return {folder: there[0] for folder, there in found.items()}


@pytest.mark.parametrize(
    "first, second",
    [
        ({"noise": "none"}, NOISY),
        (NOISY, NOISY | {"noise": "uniform"}),
        (NOISY, NOISY | {"noise_rate": 0.3}),
        (NOISY, NOISY | {"noise_rate": 0.1000001}),
        (NOISY, NOISY | {"clean_fraction": 0.05}),
        ({"clean_fraction": 0.05}, {"clean_fraction": 0.5}),
        ({"clean_fraction": 0.0}, {"clean_fraction": 0.5}),
        ({}, {"label_split": "proportional"}),
        ({}, {"labels": 51}),
        ({}, {"validation": 0}),
        ({}, {"outcome": {"pool": 1298}}),
        ({}, {"outcome": {"pool": None}}),
        ({}, {"outcome": {"test_images": 500}}),
        ({}, {"outcome": {"validation_images": 129}}),
        ({}, {"max_steps": 301}),
        ({}, {"width": 33}),
        ({}, {"average_decay": 0.5}),  # a knob that the other does not have
        ({}, {"outcome": {"precision": "mixed_bfloat16"}}),
        ({}, {"deterministic": True}),
        ({}, {"image_size": 16}),
        ({}, {"channels": "1"}),
        ({}, {"fit": "pad"}),
        ({}, {"method": "vat"}),
    ],
)  # fmt: skip
def test_runs_that_differ_never_share_a_cell(first, second):
    found = [
        finished_run_folders.record(folder=f"{name}{seed}", seed=seed, **changed)
        for name, changed in (("a", first), ("b", second))
        for seed in (0, 1)
    ]
    there = places(sheet(*found))
    assert there.keys() == {"a0", "a1", "b0", "b1"}
    assert there["a0"] == there["a1"] != there["b0"] == there["b1"]


def test_data_sets_never_share_a_table():
    found = by_protocol.by_protocol(
        [finished_run_folders.record(), finished_run_folders.record(dataset="svhn")]
    )
    assert [made.title for made in found] == ["digits", "svhn"]
    assert [len(made.records) for made in found] == [1, 1]


@pytest.mark.parametrize(
    "changed",
    [{"data_dir": "/data"}, {"workdir": "/w"}, {"devices": 2}, {"epochs": 1}, {"split_seed": 7},
     {"outcome": {"seconds": 1.0, "cores": 64}}],
)  # fmt: skip
def test_where_and_on_what_a_run_was_made_sets_nothing_apart(changed):
    made = sheet(
        finished_run_folders.record(seed=0), finished_run_folders.record(seed=1, **changed)
    )
    assert [len(cell.records) for cell in made.cells.values()] == [2]


def test_alike_runs_need_no_names():
    made = sheet(finished_run_folders.record(seed=0), finished_run_folders.record(seed=1))
    assert (made.rows, made.columns) == (("frgan",), ("50 labels",))


@pytest.mark.parametrize(
    "first, second, columns",
    [
        ({"labels": 1}, {"labels": 1000}, ("1 label", "1,000 labels")),
        ({}, NOISY, ("50 labels, right labels", "50 labels, 10 % wrong")),
        (
            {"noise": "permute", "noise_rate": 1.0, "clean_fraction": 0.2},
            {"noise": "permute", "noise_rate": 1.0, "clean_fraction": 0.05},
            (
                "50 labels, 5 % known to be right, others permuted",
                "50 labels, 20 % known to be right, others permuted",
            ),
        ),
        (
            {"noise": "uniform", "noise_rate": 0.25},
            {"noise": "pair", "noise_rate": 0.45},
            ("50 labels, 25 % drawn anew", "50 labels, 45 % the next"),
        ),
        (
            {"clean_fraction": 0.07},
            {},
            ("50 labels, right labels", "50 labels, 7 % known to be right, others right too"),
        ),
        (
            {"validation": 5000},
            {"validation": -1},
            ("50 labels, 5,000 held out", "50 labels, usual share held out"),
        ),
        (
            {"outcome": {"validation_images": 129}},
            {"outcome": {"validation_images": 0}},
            ("50 labels, 0 held out", "50 labels, 129 held out"),
        ),
        (
            {},
            {"outcome": {"pool": 73257}},
            ("50 labels, 1,297 training images", "50 labels, 73,257 training images"),
        ),
        (
            {},
            {"label_split": "proportional"},
            ("50 labels, label_split=balanced", "50 labels, label_split=proportional"),
        ),
    ],
)
def test_columns_are_named_by_what_differs(first, second, columns):
    made = sheet(finished_run_folders.record(**first), finished_run_folders.record(**second))
    assert (made.rows, made.columns) == (("frgan",), columns)


def test_what_all_columns_share_is_in_no_name():
    shared = NOISY | {"validation": 10, "label_split": "proportional"}
    made = sheet(
        finished_run_folders.record(**shared), finished_run_folders.record(**shared, labels=100)
    )
    assert made.columns == ("50 labels", "100 labels")


def test_rows_are_named_by_what_differs_within_a_method():
    made = sheet(
        finished_run_folders.record(4.0, width=32),
        finished_run_folders.record(5.0, width=48, max_steps=900),
        finished_run_folders.record(6.0, method="vat", width=64),
        finished_run_folders.record(7.0, method="vat", width=64, seed=1),
    )
    assert made.rows == ("frgan steps=300 width=32", "frgan steps=900 width=48", "vat")


def test_what_differs_between_columns_alone_names_no_row():
    made = sheet(
        finished_run_folders.record(width=32), finished_run_folders.record(width=64, labels=100)
    )
    assert made.rows == ("frgan",)
    assert sorted(len(cell.records) for cell in made.cells.values()) == [1, 1]


def test_the_best_method_is_first_and_fewer_labels_are():
    made = sheet(
        finished_run_folders.record(9.0, method="supervised", labels=500),
        finished_run_folders.record(20.0, method="supervised", labels=50),
        finished_run_folders.record(1.0, method="vat", labels=500),
        finished_run_folders.record(12.0, method="frgan", labels=50),
        finished_run_folders.record(6.0, method="frgan", labels=500),
    )
    # Means of the columns are 16 and 16 / 3. Distances: vat -4.33; frgan -4 and 0.67, in the
    # mean -1.67; supervised 4 and 3.67, in the mean 3.83.
    assert made.rows == ("vat", "frgan", "supervised")
    assert made.columns == ("50 labels", "500 labels")


def test_a_row_gains_nothing_by_easy_columns_alone():
    made = sheet(
        finished_run_folders.record(20.0, method="frgan", labels=50),
        finished_run_folders.record(30.0, method="supervised", labels=50),
        finished_run_folders.record(3.0, method="frgan", labels=500),
        finished_run_folders.record(5.0, method="vat", labels=500),
    )
    # Means 25 and 4. Distances: frgan -5 and -1, supervised 5, vat 1, for all that it errs least.
    assert made.rows == ("frgan", "vat", "supervised")


def test_a_row_alone_in_its_columns_is_last():
    made = sheet(finished_run_folders.record(1.0, method="frgan", labels=500), finished_run_folders.record(5.0, method="vat"),
                 finished_run_folders.record(9.0, method="supervised"))  # fmt: skip
    assert made.rows == ("vat", "supervised", "frgan")


@pytest.mark.parametrize(
    "noise, rate", [("wrong", 0.0), ("uniform", 0), ("pair", 0.0), ("permute", 0.0), ("none", -1.0)]
)
def test_noise_of_rate_0_is_no_noise(noise, rate):
    made = sheet(
        finished_run_folders.record(noise=noise, noise_rate=rate),
        finished_run_folders.record(seed=1),
    )
    ((place, cell),) = made.cells.items()
    assert place == ("frgan", "50 labels") and len(cell.records) == 2


def test_one_split_seed_has_one_set_of_labeled_images():
    found = [
        finished_run_folders.record(folder="mine", seed=0),
        finished_run_folders.record(
            folder="theirs", seed=1, split_seed=0, outcome={"split_sha256": "other"}
        ),
    ]
    with pytest.raises(errors.UserError, match="mine and theirs .* split seed 0"):
        by_protocol.by_protocol(found)
    # Two methods are no mean; but what they learned from differs, and is not compared.
    apart = [found[0], finished_run_folders.record(method="vat", outcome={"split_sha256": "other"})]
    assert [cell.paired for cell in sheet(*apart).cells.values()] == [None, None]


def test_the_same_seeds_with_other_images_are_refused():
    found = [
        finished_run_folders.record(folder="a"),
        finished_run_folders.record(folder="b", outcome={"split_sha256": "other"}),
    ]
    with pytest.raises(errors.UserError, match="a and b both fit .* split seed 0"):
        by_protocol.by_protocol(found)


@pytest.mark.parametrize("number, error", [("test_error", 5.0), ("test_error_median20", 6.0),
                                           ("test_error_raw_at_best_validation", 6.5)])  # fmt: skip
def test_any_of_the_errors_can_be_asked_for(number, error):
    (cell,) = sheet(finished_run_folders.record(5.0), number=number).cells.values()
    assert cell.values == (error,)


def test_the_difference_is_of_the_number_that_the_paper_reports():
    made = sheet(finished_run_folders.record(5.0), number="test_error_raw")
    cell = made.cell("frgan", "50 labels")
    assert (cell.values, cell.difference) == ((7.0,), 1.0)  # of the last step: 5 - (100 - 96)


def test_runs_without_the_number_are_not_counted():
    missing = finished_run_folders.record(seed=1, outcome={"test_error_at_best_validation": None})
    (cell,) = sheet(
        finished_run_folders.record(), missing, number="test_error_at_best_validation"
    ).cells.values()
    assert cell.values == (5.5,)


def test_published_accuracies_come_in_as_errors():
    made = sheet(
        finished_run_folders.record(),
        finished_run_folders.record(method="vat"),
        finished_run_folders.record(labels=100),
    )
    cell = made.cell("frgan", "50 labels")
    assert cell.printed.value == 4.0 and cell.printed.spread == 0.5  # 100 - 96
    assert cell.printed.source == TABLE.source
    assert cell.difference == 1.0  # 5 - 4
    assert not cell.other_images
    assert made.cell("vat", "50 labels").printed is None
    assert made.cell("frgan", "100 labels").printed is None


@pytest.mark.parametrize(
    "pool, other", [(finished_run_folders.POOL, False), (None, False), (8000, True)]
)
def test_other_images_than_the_papers_are_marked(pool, other):
    (cell,) = sheet(finished_run_folders.record(outcome={"pool": pool})).cells.values()
    assert cell.printed.value == 4.0 and cell.other_images is other


@pytest.mark.parametrize(
    "changed",
    [NOISY, {"label_split": "proportional"}, {"clean_fraction": 0.5}, {"dataset": "svhn"}],
)
def test_what_was_not_published_has_no_published_number(changed):
    assert by_paper.known(finished_run_folders.record(**changed)) is None


def test_differences_are_to_the_supervised_baseline():
    made = sheet(
        *(finished_run_folders.record(error, seed=k) for k, error in enumerate((4.0, 6.0, 8.0))),
        *(
            finished_run_folders.record(e, seed=k, method="supervised")
            for k, e in ((1, 10.0), (2, 9.0), (7, 50.0))
        ),
    )
    assert made.baseline == "supervised"
    assert made.cell("supervised", "50 labels").paired is None
    found = made.cell("frgan", "50 labels").paired
    assert sorted(found.differences.values) == [-4.0, -1.0]


def test_against_names_a_row_of_any_table():
    found = [finished_run_folders.record(4.0), finished_run_folders.record(5.0, method="vat"),
             finished_run_folders.record(6.0, method="supervised", dataset="svhn")]  # fmt: skip
    digits, svhn = by_protocol.by_protocol(found, against="vat")
    assert (digits.baseline, svhn.baseline) == ("vat", "")
    assert digits.cell("frgan", "50 labels").paired.differences.values == (-1.0,)
    with pytest.raises(errors.UserError, match="--against=vatt .* Did you mean 'vat'?"):
        by_protocol.by_protocol(found, against="vatt")


def test_no_runs_are_no_tables():
    assert by_protocol.by_protocol([]) == []
