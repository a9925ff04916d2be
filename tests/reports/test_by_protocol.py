"""Tables by protocol: different runs never share a cell, and names say what differs."""

import collections

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.reports import by_paper, by_protocol, finished_runs

OTHER = finished_run_folders.sha256("other")
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


def make_table(*runs, **options):
    (table,) = by_protocol.make_tables(runs, **options)
    return table


def places_of_runs(table):
    """Folder -> (row, column); each run is in exactly one cell."""
    places = collections.defaultdict(list)
    for place, cell in table.cells.items():
        for run in cell.runs:
            places[str(run.folder)].append(place)
    assert all(len(own) == 1 for own in places.values())
    return {folder: own[0] for folder, own in places.items()}


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
        ({}, {"outcome": {"test_images": 501}}),
        ({}, {"outcome": {"checked_labels": 12, "clean_fraction": 0.24}}),
        ({}, {"outcome": {"data_sha256": OTHER}}),
        ({}, {"outcome": {"data_sha256": OTHER, "pool": 1298}}),
        ({}, {"outcome": {"validation_images": 130}}),
        ({}, {"max_steps": 301}),
        ({}, {"width": 33}),
        ({}, {"average_decay": 0.5}),  # a hyperparameter that the other run does not have
        ({}, {"outcome": {"precision": "mixed_bfloat16"}}),
        ({}, {"deterministic": True}),
        ({}, {"image_size": 16}),
        ({}, {"channels": "1"}),
        ({}, {"fit": "pad"}),
        ({}, {"method": "vat"}),
    ],
)  # fmt: skip
def test_runs_that_differ_never_share_a_cell(first, second):
    runs = [
        finished_run_folders.make_run(folder=f"{name}{seed}", seed=seed, **changed)
        for name, changed in (("a", first), ("b", second))
        for seed in (0, 1)
    ]
    places = places_of_runs(make_table(*runs))
    assert places.keys() == {"a0", "a1", "b0", "b1"}
    assert places["a0"] == places["a1"] != places["b0"] == places["b1"]


def test_data_sets_never_share_a_table():
    runs = [finished_run_folders.make_run(), finished_run_folders.make_run(dataset="svhn")]
    tables = by_protocol.make_tables(runs)
    assert [table.title for table in tables] == ["digits", "svhn"]
    assert [len(table.runs) for table in tables] == [1, 1]


@pytest.mark.parametrize(
    "changed",
    [{"data_dir": "/data"}, {"workdir": "/w"}, {"devices": 2}, {"epochs": 1}, {"split_seed": 7},
     {"outcome": {"seconds": 1.0, "cores": 64}}],
)  # fmt: skip
def test_folders_and_machines_do_not_make_runs_different(changed):
    table = make_table(
        finished_run_folders.make_run(seed=0), finished_run_folders.make_run(seed=1, **changed)
    )
    assert [len(cell.runs) for cell in table.cells.values()] == [2]


def test_equal_runs_have_short_names():
    table = make_table(finished_run_folders.make_run(seed=0), finished_run_folders.make_run(seed=1))
    assert (table.rows, table.columns) == (("frgan",), ("50 labels",))


@pytest.mark.parametrize(
    "first, second, columns",
    [
        ({"labels": 1}, {"labels": 1000}, ("1 label", "1,000 labels")),
        ({}, NOISY, ("50 labels, correct labels", "50 labels, 10 % wrong")),
        (
            {"noise": "permute", "noise_rate": 1.0, "clean_fraction": 0.2},
            {"noise": "permute", "noise_rate": 1.0, "clean_fraction": 0.05},
            (
                "50 labels, 5 % known to be correct, others permuted",
                "50 labels, 20 % known to be correct, others permuted",
            ),
        ),
        (
            {"noise": "uniform", "noise_rate": 0.25},
            {"noise": "pair", "noise_rate": 0.45},
            ("50 labels, 25 % redrawn", "50 labels, 45 % set to the next class"),
        ),
        (
            {"clean_fraction": 0.07},
            {},
            ("50 labels, correct labels", "50 labels, 7 % known to be correct, others correct too"),
        ),
        (
            {"outcome": {"checked_labels": 12, "clean_fraction": 0.24}},
            {},
            ("50 labels, correct labels", "50 labels, some labels checked"),
        ),
        (
            NOISY | {"outcome": {"checked_labels": 12, "clean_fraction": 0.24}},
            NOISY,
            ("50 labels, 10 % wrong", "50 labels, checked labels correct, others 10 % wrong"),
        ),
        (
            {"validation": 500},
            {"validation": -1},  # the usual share
            ("50 labels, 129 held out", "50 labels, 500 held out"),
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
    table = make_table(
        finished_run_folders.make_run(**first), finished_run_folders.make_run(**second)
    )
    assert (table.rows, table.columns) == (("frgan",), columns)


def test_what_all_columns_share_is_not_in_their_names():
    shared = NOISY | {"validation": 10, "label_split": "proportional"}
    table = make_table(
        finished_run_folders.make_run(**shared), finished_run_folders.make_run(**shared, labels=100)
    )
    assert table.columns == ("50 labels", "100 labels")


def test_rows_are_named_by_what_differs_within_a_method():
    table = make_table(
        finished_run_folders.make_run(4.0, width=32),
        finished_run_folders.make_run(5.0, width=48, max_steps=900),
        finished_run_folders.make_run(6.0, method="vat", width=64),
        finished_run_folders.make_run(7.0, method="vat", width=64, seed=1),
    )
    assert table.rows == ("frgan steps=300 width=32", "frgan steps=900 width=48", "vat")


def test_what_differs_only_between_columns_is_not_in_row_names():
    table = make_table(
        finished_run_folders.make_run(width=32), finished_run_folders.make_run(width=64, labels=100)
    )
    assert table.rows == ("frgan",)
    assert sorted(len(cell.runs) for cell in table.cells.values()) == [1, 1]


def test_the_best_method_and_the_fewest_labels_are_first():
    table = make_table(
        finished_run_folders.make_run(9.0, method="supervised", labels=500),
        finished_run_folders.make_run(20.0, method="supervised", labels=50),
        finished_run_folders.make_run(1.0, method="vat", labels=500),
        finished_run_folders.make_run(12.0, method="frgan", labels=50),
        finished_run_folders.make_run(6.0, method="frgan", labels=500),
    )
    # Means of the columns are 16 and 16 / 3. Distances: vat -4.33; frgan -4 and 0.67, in the
    # mean -1.67; supervised 4 and 3.67, in the mean 3.83.
    assert table.rows == ("vat", "frgan", "supervised")
    assert table.columns == ("50 labels", "500 labels")


def test_a_row_does_not_gain_from_having_only_easy_columns():
    table = make_table(
        finished_run_folders.make_run(20.0, method="frgan", labels=50),
        finished_run_folders.make_run(30.0, method="supervised", labels=50),
        finished_run_folders.make_run(3.0, method="frgan", labels=500),
        finished_run_folders.make_run(5.0, method="vat", labels=500),
    )
    # Means 25 and 4. Distances: frgan -5 and -1, supervised 5, vat 1, although
    # its mean error is low.
    assert table.rows == ("frgan", "vat", "supervised")


def test_a_row_alone_in_its_columns_is_last():
    table = make_table(
        finished_run_folders.make_run(1.0, method="frgan", labels=500),
        finished_run_folders.make_run(5.0, method="vat"),
        finished_run_folders.make_run(9.0, method="supervised"),
    )
    assert table.rows == ("vat", "supervised", "frgan")


@pytest.mark.parametrize(
    "noise, rate", [("wrong", 0.0), ("uniform", 0), ("pair", 0.0), ("permute", 0.0), ("none", 0.0)]
)
def test_noise_at_rate_0_is_no_noise(noise, rate):
    table = make_table(
        finished_run_folders.make_run(noise=noise, noise_rate=rate),
        finished_run_folders.make_run(seed=1),
    )
    ((place, cell),) = table.cells.items()
    assert place == ("frgan", "50 labels") and len(cell.runs) == 2


def test_one_split_seed_has_one_set_of_labeled_images():
    runs = [
        finished_run_folders.make_run(folder="mine", seed=0),
        finished_run_folders.make_run(
            folder="theirs",
            seed=1,
            split_seed=0,
            outcome={"split_sha256": finished_run_folders.sha256("other")},
        ),
    ]
    ((folder, reason),) = make_table(*runs).left_out
    assert str(folder) == "theirs" and reason.startswith("has the split seed 0 and the data of mi")
    # Two methods are in two cells; but they learned from other images, and are not compared.
    vat = finished_run_folders.make_run(
        method="vat", outcome={"split_sha256": finished_run_folders.sha256("other")}
    )
    assert [cell.paired for cell in make_table(runs[0], vat).cells.values()] == [None, None]


def test_other_data_are_named_only_where_nothing_else_tells_them_apart():
    data = {"data_sha256": OTHER}
    runs = [
        finished_run_folders.make_run(folder="a"),
        finished_run_folders.make_run(folder="b", outcome=data),
        finished_run_folders.make_run(folder="c", method="vat", outcome=data),
        finished_run_folders.make_run(folder="d", labels=100),
        finished_run_folders.make_run(folder="e", labels=20, outcome=data),
    ]
    table = make_table(*runs)
    places = places_of_runs(table)
    first, other = file_contents.DIGITS_SHA256[:8], OTHER[:8]
    assert places == {
        "a": ("frgan", f"50 labels, data {first}"), "b": ("frgan", f"50 labels, data {other}"),
        "c": ("vat", f"50 labels, data {other}"), "d": ("frgan", "100 labels"),
        "e": ("frgan", "20 labels"),
    }  # fmt: skip
    assert table.left_out == ()
    more = finished_run_folders.make_run(folder="b", outcome=data | {"pool": 1298})
    columns = {column for _, column in places_of_runs(make_table(runs[0], more)).values()}
    assert columns == {"50 labels, 1,297 training images", "50 labels, 1,298 training images"}


def test_noise_curves_do_not_mix_data():
    runs = [finished_run_folders.make_run(**NOISY), finished_run_folders.make_run(),
            finished_run_folders.make_run(outcome={"data_sha256": OTHER})]  # fmt: skip
    first, second, other = by_protocol.names_without_noise(runs)
    assert first == second != other


@pytest.mark.parametrize("number, error", [("test_error", 5.0), ("test_error_median20", 6.0),
                                           ("test_error_raw_at_best_validation", 6.5)])  # fmt: skip
def test_any_of_the_errors_can_be_taken(number, error):
    (cell,) = make_table(finished_run_folders.make_run(5.0), number=number).cells.values()
    assert cell.values == (error,)


def test_the_difference_is_of_the_number_that_the_paper_reports():
    table = make_table(finished_run_folders.make_run(5.0), number="test_error_raw")
    cell = table.cell("frgan", "50 labels")
    assert (cell.values, cell.difference) == (
        (7.0,),
        1.0,
    )  # the paper reports the last step: 5 - (100 - 96)


def test_runs_without_the_number_are_left_out():
    missing = finished_run_folders.make_run(seed=1, outcome={"test_error_at_best_validation": None})
    run, number = finished_run_folders.make_run(), "test_error_at_best_validation"
    (cell,) = make_table(run, missing, number=number).cells.values()
    assert cell.values == (5.5,)


def test_published_accuracies_become_errors():
    table = make_table(
        finished_run_folders.make_run(),
        finished_run_folders.make_run(method="vat"),
        finished_run_folders.make_run(labels=100),
    )
    cell = table.cell("frgan", "50 labels")
    assert cell.published.value == 4.0 and cell.published.spread == 0.5  # 100 - 96
    assert cell.published.source == TABLE.source
    assert cell.difference == 1.0  # 5 - 4
    assert not cell.other_images
    assert table.cell("vat", "50 labels").published is None
    assert table.cell("frgan", "100 labels").published is None


@pytest.mark.parametrize("pool, other", [(finished_run_folders.POOL, False), (8000, True)])
def test_other_images_than_those_of_the_paper_are_marked(pool, other):
    (cell,) = make_table(finished_run_folders.make_run(outcome={"pool": pool})).cells.values()
    assert cell.published.value == 4.0 and cell.other_images is other


@pytest.mark.parametrize(
    "changed",
    [NOISY, {"label_split": "proportional"}, {"clean_fraction": 0.5}, {"dataset": "svhn"}],
)
def test_runs_on_other_labels_or_data_have_no_published_number(changed):
    assert by_paper.published_error(finished_run_folders.make_run(**changed)) is None


def test_differences_are_to_the_supervised_baseline():
    table = make_table(
        *(finished_run_folders.make_run(error, seed=k) for k, error in enumerate((4.0, 6.0, 8.0))),
        *(
            finished_run_folders.make_run(e, seed=k, method="supervised")
            for k, e in ((1, 10.0), (2, 9.0), (7, 50.0))
        ),
    )
    assert table.baseline == "supervised"
    assert table.cell("supervised", "50 labels").paired is None
    paired = table.cell("frgan", "50 labels").paired
    assert sorted(paired.differences.values) == [-4.0, -1.0]


def test_against_names_a_row_of_any_table():
    runs = [finished_run_folders.make_run(4.0), finished_run_folders.make_run(5.0, method="vat"),
             finished_run_folders.make_run(6.0, method="supervised", dataset="svhn")]  # fmt: skip
    digits, svhn = by_protocol.make_tables(runs, against="vat")
    assert (digits.baseline, svhn.baseline) == ("vat", "")
    assert digits.cell("frgan", "50 labels").paired.differences.values == (-1.0,)
    with pytest.raises(errors.UserError, match="--against=vatt .* Did you mean 'vat'?"):
        by_protocol.make_tables(runs, against="vatt")


def test_no_runs_are_no_tables():
    assert by_protocol.make_tables([]) == []


def test_columns_of_folds_say_no_counts_that_follow_from_them(tmp_path):
    fold = finished_run_folders.counted({"a": (4, 3, 4), "b": (4, 3, 4), "c": (4, 3, 4)})
    finished_run_folders.write_folds(tmp_path, dict.fromkeys(range(5), fold))
    runs = finished_runs.read_runs([tmp_path]).runs
    other = finished_run_folders.make_run(labels=48, outcome={"test_images": 12})
    (table,) = by_protocol.make_tables([*runs, other])
    assert set(table.columns) == {
        "48 labels, 5 folds", "48 labels, 129 held out, 1,297 training images, 12 test images",
    }  # fmt: skip


def test_splits_of_the_same_data_share_a_cell_however_many_labels_are_checked():
    runs = [
        finished_run_folders.make_run(
            seed=seed,
            split_seed=seed,
            outcome={"checked_labels": count, "clean_fraction": count / 50},
        )
        for seed, count in ((0, 12), (1, 15))
    ]
    (table,) = by_protocol.make_tables(runs)
    assert len(table.cell(*table.rows, *table.columns).runs) == 2
