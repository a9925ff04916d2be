"""Tables: which image files there are, of which class, and for what use."""

import collections
import unicodedata

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import image_listing

HEAD = "path,label,split\n1.png,a,\n2.png,b,\n"  # a table that is right; lines 1 to 3


@pytest.fixture
def files(tmp_path):
    """Makes the files of a table, and the table; returns the name of the data set."""

    def make(text, names=None, encoding="utf-8"):
        (tmp_path / "t.csv").write_bytes(text.encode(encoding))
        if names is None:
            names = [f"{n}.png" for n in range(10)]
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return f"csv:{tmp_path}/t.csv"

    return make


def refusal(name):
    with pytest.raises(errors.UserError) as caught:
        image_listing.list_images(name)
    assert "\n" not in str(caught.value) and caught.value.status == 2
    return str(caught.value)


def test_a_table_lists_files_with_labels_and_splits(tmp_path, files):
    name = files(
        "label,split,path\nb,,1.png\na,train,sub/2.png\n,,3.png\na,test,4.png\na,unlabeled,5.png\n"
        "b,val,6.png\n",
        ["1.png", "sub/2.png", "3.png", "4.png", "5.png", "6.png"],
        "utf-8-sig",  # as written by spreadsheet programs
    )
    listing = image_listing.list_images(name)
    assert [(e.name, e.part, e.label) for e in listing.entries] == [
        ("sub/2.png", "labeled", 0),
        ("1.png", "labeled", 1),
        ("3.png", "unlabeled", -1),
        ("5.png", "unlabeled", -1),
        ("6.png", "validation", 1),
        ("4.png", "test", 0),
    ]
    assert listing.classes == ("a", "b") and listing.entries[0].path == str(tmp_path / "sub/2.png")
    (said,) = listing.remarks
    assert said.level == "note" and said.names == ("5.png (a)",)
    assert said.text.startswith("1 row(s) of the table are unlabeled by their split")


def test_a_table_may_lack_the_split_and_names_may_need_quotes(tmp_path, files):
    name = files(f'path,label\n"a, b.png",ü\n{tmp_path}/x.png, v \n', ["a, b.png", "x.png"])
    listing = image_listing.list_images(name)
    assert [e.name for e in listing.entries] == [f"{tmp_path}/x.png", "a, b.png"]
    assert listing.classes == ("v", "ü") and not listing.remarks


@pytest.mark.parametrize(
    "split, part",
    [
        ("train", "labeled"), ("Training", "labeled"), ("labeled", "labeled"),
        ("LABELLED ", "labeled"), ("unlabeled", "unlabeled"), ("Unlabelled", "unlabeled"),
        ("val", "validation"), (" Valid", "validation"), ("validation", "validation"),
        ("held_out", "validation"), ("held-out", "validation"), ("Test", "test"),
        ("testing", "test"), ("", "labeled"), ("  ", "labeled"),
    ],
)  # fmt: skip
def test_splits_in_many_words(files, split, part):
    listing = image_listing.list_images(files(f"{HEAD}3.png,a,{split}\n"))
    assert {e.name: e.part for e in listing.entries}["3.png"] == part


@pytest.mark.parametrize(
    "text, message",
    [
        ("path,label\n,a\n", "t.csv, line 2: the column path is empty"),
        (f"{HEAD}3.png,b,fold2\n", "t.csv, line 4: split 'fold2' is unknown. Expected train, "
         "unlabeled, validation, test or nothing"),
        (f"{HEAD}3.png,,test\n", "t.csv, line 4: this test image has no label. Give it one."),
        (f"{HEAD}3.png,,val\n", "line 4: this validation image has no label"),
        (f"{HEAD}3.png,,labeled\n", "line 4: this labeled image has no label"),
        (f"{HEAD}3.png,c,test\n4.png,d,val\n5.png,c,test\n",
         "2 classes occur in validation or test rows only: c, d. Give"),
        (f"{HEAD}3.png,bb,test\n", "Did you mean 'b' by 'bb'?"),
        ("path,label\n1.png,a\n", "found 1 classes with images (a)"),
        ("path,label\n1.png,\n", "found 0 classes with images (none)"),
        ("path,split,label\n1.png,a,train\n2.png,b,test\n", "line 2: split 'a' is unknown"),
        ("path,label\n1.png,train\n2.png,test\n", "all labels are names of splits (test, train)"),
        (f"{HEAD}3.png,a\x1bb,\n", "line 4: the label 'a\\x1bb' has a control character"),
        (f"{HEAD}https://a.org/3.png,a,\n", "line 4: https://a.org/3.png is an address in the"),
    ],
)  # fmt: skip
def test_wrong_tables_are_refused(files, text, message):
    assert message in refusal(files(text))


def test_a_missing_table_and_a_folder_are_refused(tmp_path):
    assert "cannot be read (No such file" in refusal(f"csv:{tmp_path}/t.csv")
    assert "cannot be read (it is a folder" in refusal(f"csv:{tmp_path}")


# --- Files ----------------------------------------------------------------------------------------


def test_the_same_file_with_two_classes_is_refused(files):
    message = refusal(files(f"{HEAD}./1.png,b,\n.\\2.png,a,\n"))
    assert "t.csv, lines 2 and 4: ./1.png has two classes, 'a' and 'b'. Keep one row" in message
    assert message.endswith("2 rows are like this.")


@pytest.mark.parametrize(
    "row, said",
    [
        ("1.png,a,test", "lines 2 and 4: 1.png has two uses, 'labeled' and 'test'"),
        ("1.png,a,val", "lines 2 and 4: 1.png has two uses, 'labeled' and 'validation'"),
        ("3.png,,\n3.png,a,test", "lines 4 and 5: 3.png has two uses, 'unlabeled' and 'test'"),
        ("3.png,a,val\n3.png,a,test", "3.png has two uses, 'validation' and 'test'"),
        ("1.png,b,test", "1.png has two classes, 'a' and 'b'"),
    ],
)
def test_the_same_file_for_two_uses_is_refused(files, row, said):
    assert said in refusal(files(f"{HEAD}{row}\n"))


def test_rows_that_say_the_same_twice_are_used_once(files):
    listing = image_listing.list_images(files(f"{HEAD}1.png,a,\n.//2.png,b,train\n1.png,,\n"))
    assert [(e.name, e.label) for e in listing.entries] == [("1.png", 0), ("2.png", 1)]
    (said,) = listing.remarks
    assert said.level == "warning" and said.text.startswith("3 row(s) of the table name a file")
    assert said.names == (
        "1.png (line 2 and 4)", ".//2.png (line 3 and 5)", "1.png (line 2 and 6)"
    )  # fmt: skip


def test_a_label_that_comes_later_than_an_unlabeled_row_counts(files):
    listing = image_listing.list_images(files(f"path,label,split\n3.png,,\n{HEAD[17:]}3.png,a,\n"))
    assert {e.name: e.label for e in listing.entries} == {"1.png": 0, "2.png": 1, "3.png": 0}


def test_paths_of_windows_are_read_unless_they_have_a_drive(tmp_path, files):
    names = ["img/1.png", "img/2.png"]
    listing = image_listing.list_images(files("path,label\nimg\\1.png,a\n.\\img\\2.png,b\n", names))
    assert [e.path for e in listing.entries] == [f"{tmp_path}/img/1.png", f"{tmp_path}/./img/2.png"]
    message = refusal(files("path,label\nC:\\Me\\img\\1.png,a\nC:\\Me\\img\\2.png,b\n", names))
    assert (
        "line 2: none of the 2 files of the table is there. The first one, C:/Me/img/1" in message
    )
    assert f"was looked for as {tmp_path}/C:/Me" in message
    assert message.endswith("Did you mean img/1.png?")


def test_some_missing_files_are_left_to_reading_and_capitals_are_suggested(files):
    listing = image_listing.list_images(files(f"{HEAD}3.PNG,a,\ngone.png,b,\n"))
    assert len(listing.entries) == 4
    (said,) = listing.remarks
    assert said.level == "warning" and said.text.startswith("1 file(s) of the table are not there")
    assert said.names == ("3.PNG: did you mean 3.png?",)


def test_files_in_another_unicode_form_are_found_and_counted(tmp_path, files):
    disk = [unicodedata.normalize("NFD", f"müller/{n}.png") for n in range(3)]
    rows = "".join(f"müller/{n}.png,{'ab'[n % 2]}\n" for n in range(3))
    listing = image_listing.list_images(files(f"path,label\n{rows}", disk))
    assert sorted(e.path for e in listing.entries) == [f"{tmp_path}/{name}" for name in disk]
    (said,) = listing.remarks
    assert said.text.startswith("3 file(s) are found under the same name in another Unicode form")


def test_files_outside_the_folder_of_the_table_are_said(tmp_path, files):
    (tmp_path / "tables").mkdir()
    files("", ["1.png", "2.png"])
    (tmp_path / "tables/t.csv").write_text("path,label\n../1.png,a\n../2.png,b\n")
    (said,) = image_listing.list_images(f"csv:{tmp_path}/tables/t.csv").remarks
    assert said.level == "note" and said.text.startswith("2 file(s) lie outside the folder of")


# --- Labels ---------------------------------------------------------------------------------------


def test_a_label_in_two_unicode_forms_is_one_class(files):
    accents = [unicodedata.normalize(form, "Café") for form in ("NFC", "NFD")]
    listing = image_listing.list_images(files(f"{HEAD}3.png,{accents[0]},\n4.png,{accents[1]},\n"))
    assert listing.classes == ("Café", "a", "b")
    assert collections.Counter(e.label for e in listing.entries) == {0: 2, 1: 1, 2: 1}
    (said,) = listing.remarks
    assert said.level == "note" and said.text.startswith("1 label(s) are written in two Unicode")


@pytest.mark.parametrize(
    "labels, said",
    [
        ("Cat cat dog", "written in several ways"),
        ("0 0.0 1", "written in several ways"),
        ("nan cat dog", "named like a missing value"),
        ("train cat dog", "1 label(s) of the table are names of splits, and are read as classes"),
    ],
)
def test_labels_that_look_alike_or_stand_for_nothing_are_warnings(files, labels, said):
    rows = "".join(f"{n}.png,{label}\n" for n, label in enumerate(labels.split()))
    listing = image_listing.list_images(files(f"path,label\n{rows}"))
    assert listing.classes == tuple(sorted(labels.split()))
    (remark,) = listing.remarks
    assert remark.level == "warning" and said in remark.text


def test_numbers_and_long_names_keep_their_text(files):
    listing = image_listing.list_images(files("path,label\n1.png,007\n2.png,1e3\n3.png,a/b c\n"))
    assert listing.classes == ("007", "1e3", "a/b c")


def test_a_test_label_that_looks_like_a_class_is_that_class(files):
    listing = image_listing.list_images(files(f"{HEAD}3.png,A,test\n4.png,b,test\n"))
    assert {e.name: e.label for e in listing.entries}["3.png"] == 0
    (said,) = listing.remarks
    assert said.level == "note" and said.names == ("A is read as a",)
    both = files("path,label,split\n1.png,Cat,\n2.png,cat,\n3.png,CAT,test\n")
    assert "could stand for 'Cat' or 'cat'" in refusal(both)


def checked(name):
    entries = image_listing.list_images(name).entries
    return {entry.name for entry in entries if entry.checked}


def test_a_column_says_which_labels_are_checked(files):
    name = files(
        "path,label,split,checked\n1.png,a,,1\n2.png,b,,Yes\n3.png,a,train,TRUE\n4.png,b,,0\n"
        "5.png,b,,no\n6.png,a,,\n7.png,,,\n8.png,b,test,0\n9.png,,,false\n"
    )
    assert checked(name) == {"1.png", "2.png", "3.png"}


def test_labels_of_test_and_held_out_rows_are_right_anyway(files):
    rows = ["1.png,a,", "2.png,b,", "3.png,a,test", "4.png,b,val"]
    name = files("path,label,split,checked\n" + "".join(f"{row},1\n" for row in rows))
    assert checked(name) == {"1.png", "2.png"}


def test_a_file_that_is_named_twice_is_checked_if_one_row_says_so(files):
    name = files("path,label,checked\n1.png,a,1\n2.png,b,0\n1.png,a,0\n2.png,b,1\n1.png,,\n")
    assert checked(name) == {"1.png", "2.png"}


@pytest.mark.parametrize(
    "row, message",
    [
        ("3.png,a,,maybe", "line 4: checked is 'maybe'. Expected 1 or 0 (or true, false, yes, no"),
        ("3.png,a,,2", "line 4: checked is '2'. Expected 1 or 0"),
        ("3.png,a,test,1.5", "line 4: checked is '1.5'. Expected 1 or 0"),
        ("3.png,,,1", "line 4: checked, but has no class. Give it one, or write 0."),
        ("3.png,,unlabeled,yes", "line 4: checked, but has no class."),
        ("3.png,a,unlabeled,1", "line 4: checked, but its split is unlabeled, so its class is not"),
        ("1.png,b,,1", "lines 2 and 4: 1.png has two classes, 'a' and 'b'"),
        ("3.png,a,checked,1", "line 4: split 'checked' is unknown"),
    ],
)
def test_what_cannot_be_checked_is_refused_by_line(files, row, message):
    name = files(f"path,label,split,checked\n1.png,a,,1\n2.png,b,,\n{row}\n")
    assert message in refusal(name)
