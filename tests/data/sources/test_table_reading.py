"""Tables as people and spreadsheet programs write them: separators, columns, rows."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import table_reading
from tf_ssgan.data.sources.table_reading import Row

ROWS = [Row(2, "a.png", "cat", ""), Row(3, "b, c.png", "dog", "test")]


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return table_reading.read_table(path)


def refusal(path, text):
    with pytest.raises(errors.UserError) as caught:
        read(path, text)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_every_separator_and_encoding(tmp_path, separator, end, encoding):
    lines = ("path,label,split", 'a.png,cat,""', '"b, c.png",dog,test', "")
    text = end.join(lines).replace(",", separator).replace(f'"b{separator}', '"b,')
    columns = ("path", "label", "split")
    assert read(tmp_path / "t.csv", text, encoding) == table_reading.TableRows(ROWS, (), columns)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_of_excel_that_names_the_separator(tmp_path, first):
    table = read(tmp_path / "t.csv", f"{first}\n\nlabel;path\ncat;a.png\n")
    assert table.rows == [Row(4, "a.png", "cat", "")]


@pytest.mark.parametrize(
    "header", ["Path,LABEL", '" path ","Label"', "label,path", "\n\npath,label"]
)
def test_columns_have_capitals_blanks_quotes_and_any_order(tmp_path, header):
    row = "cat,a.png" if header.startswith("label") else "a.png, cat "
    table = read(tmp_path / "t.csv", f"{header}\n{row}\n")
    assert table.rows[0][1:4] == ("a.png", "cat", "") and not table.remarks


def test_obvious_other_names_of_columns_are_said(tmp_path):
    (said,) = read(tmp_path / "t.csv", "File Name,Class,Subset\na.png,cat,test\n").remarks
    assert said.level == "note" and said.text.startswith("3 column(s) of the table are read by")
    assert said.names == ("File Name as path", "Class as label", "Subset as split")


def test_the_exact_name_wins_over_another_one(tmp_path):
    table = read(tmp_path / "t.csv", "filename,path,class,label\nx,a.png,y,cat\n")
    assert table.rows == [Row(2, "a.png", "cat", "")]
    (said,) = table.remarks
    assert said.text == "2 column(s) of the table are not read" and said.names == (
        "filename",
        "class",
    )


def test_columns_that_are_not_read_are_named_once(tmp_path):
    text = "path,label,,age,\na.png,cat,x,3,\nb.png,dog,,4,\n"
    (said,) = read(tmp_path / "t.csv", text).remarks
    assert said.level == "note" and said.text == "2 column(s) of the table are not read"
    assert said.names == ("column 3, which has no name", "age")


@pytest.mark.parametrize("column", ["clean", "is_checked", "is_noisy", "label verified"])
def test_a_column_about_labels_that_are_right_is_a_warning(tmp_path, column):
    (said,) = read(tmp_path / "t.csv", f"path,label,{column}\na.png,cat,1\n").remarks
    assert said.level == "warning" and said.names == (column,)
    assert said.advice.startswith("did you mean checked? Name the column checked, with 1 for")
    (said,) = read(tmp_path / "t.csv", f"path,checked,label,{column}\na.png,1,cat,1\n").remarks
    assert said.names == (column,) and said.advice.endswith("the column checked is read")


@pytest.mark.parametrize("column", ["checked", "Checked", "CHECKED "])
def test_the_column_of_checked_labels_is_read(tmp_path, column):
    table = read(tmp_path / "t.csv", f"{column},path,label\n yes ,a.png,cat\n,b.png,dog\n")
    assert [row.checked for row in table.rows] == ["yes", ""] and not table.remarks
    text = refusal(tmp_path / "t.csv", "path,label,checked,Checked\na.png,cat,1,0\n")
    assert "has the columns 'checked' and 'Checked', which could each be checked" in text


def test_a_second_line_of_column_names_is_no_image(tmp_path):
    table = read(tmp_path / "t.csv", "path,label\na.png,cat\n\ufeffpath, label\nb.png,dog\n")
    assert [row.path for row in table.rows] == ["a.png", "b.png"]
    (said,) = table.remarks
    assert said.names == ("line 3",) and "repeat the names of its columns" in said.text


def test_empty_rows_are_passed_over(tmp_path):
    table = read(tmp_path / "t.csv", "path,label,,\na.png,cat,,\n\n  \n,,,\n , ,,\nb.png,dog,,\n")
    assert [row.line for row in table.rows] == [2, 7]
    (said,) = table.remarks
    assert said.text == "2 row(s) of the table are empty and are passed over"
    assert said.names == ("line 5", "line 6")


def test_quotation_marks(tmp_path):
    text = 'path,label,text\n"a ""b"".png",cat,"two\nlines"\n5" c.png, "dog, black",x\n'
    rows = read(tmp_path / "t.csv", text).rows
    assert rows == [Row(2, 'a "b".png', "cat", ""), Row(4, '5" c.png', "dog, black", "")]


def test_lines_that_are_not_utf_8_are_said(tmp_path):
    table = read(tmp_path / "t.csv", "path,label\na.png,Größe\nb.png,cat\n", "cp1252")
    assert table.rows[0].label == "Größe"
    (said,) = table.remarks
    assert said.text == "1 line(s) of the table are not UTF-8, and are read as Windows-1252"
    assert said.names == ("line 2: a.png,Größe",)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("path,label\n", "has no rows below its first line 'path,label'"),
        ("path,label\n,,\n", "has no rows below its first line"),
        ("sep=;\n", "has no rows"),
        ("file,text\nx,a\n", "lacks the column label; its first line is 'file,text'"),
        ("path,lable\nx,a\n", "Did you mean label by 'lable'?"),
        ("img/0.png,cat\nimg/1.png,dog\n", "has no names of columns: its first line 'img/0.png,cat'"),
        ("path label\na.png cat\n", "separated by a comma, a semicolon, a tab or |"),
        ("path,label,path\na,b,c\n", "has the columns 'path' and 'path', which could each be path"),
        ("file,image,label\na,b,c\n", "has the columns 'file' and 'image', which could each be"),
        ("Path,path,label\na,b,c\n", "has the columns 'Path' and 'path'"),
        ("path,label\na,b\nc, d.png,cat\n", "line 3: this row has 3 field(s), but the first line"),
        ("path,label,note\na, b.png,cat,\n", "line 2: this row has 4 field(s)"),
        ("path,label,split\na,b\n", "line 2: this row has 2 field(s), but the first line has 3"),
        ('path,label\na.png,cat\n"b.png,dog\nc.png,cat\n', "line 3: a quotation mark opens a field"),
        ('path,label\n"a" b.png,cat\n', "line 2: there is more text behind the quotation mark"),
        ('path,label\n"a.png,x\nb.png",cat\n', "line 2: there is a line break in the path 'a.png,x"),
        ("path,label\na.png," + "x" * 200_000, "line 2: a field is longer than 131,072 characters"),
        ("x" * 200_000 + "\n", "line 1: a field is longer than 131,072 characters"),
        ("path,label\na\0.png,cat\n", "line 2: there is a NUL character"),
        ('[{"path": "a.png"}]', "is JSON. Expected a table saved as CSV UTF-8"),
        ("\n<!DOCTYPE html><html>", "is a page in HTML or XML"),
    ],
    ids=range(23),
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path, text, message):
    assert message in refusal(tmp_path / "t.csv", text)
