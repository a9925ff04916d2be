"""Looking up methods by their names."""

import pathlib

import pytest

from tf_ssgan import methods
from tf_ssgan.common import errors


def test_names_are_the_files_of_the_folder():
    names = methods.names()
    files = {path.name for path in pathlib.Path(methods.__file__).parent.iterdir()}
    assert {"acgan", "frgan", "supervised"} <= set(names) and list(names) == sorted(names)
    assert {f"{name}.py" for name in names} == {f for f in files if f[0] != "_" and ".py" in f}


def test_a_module_defines_hyperparameters_a_method_and_its_source():
    module = methods.find("alexnet")
    assert module.__name__ == "tf_ssgan.methods.alexnet"
    assert module.HParams().width == 64 and module.Method.needs_labels
    assert "Krizhevsky" in module.PAPER


def test_every_method_is_of_one_group_which_is_read_without_importing_it():
    groups = methods.by_group()
    assert sorted(name for own in groups.values() for name in own) == list(methods.names())
    for name in methods.names():
        group = methods.find(name).GROUP
        assert group in methods.GROUPS, f"{name}: GROUP is one of {methods.GROUPS}"
        assert name in groups[group]


@pytest.mark.parametrize("text", ["", 'GROUP = "Unheard of"\n'])
def test_a_method_of_no_known_group_is_listed_last(tmp_path, monkeypatch, text):
    for name, own in (("aaa", text), ("bbb", 'GROUP = "Baselines"\n')):
        (tmp_path / f"{name}.py").write_text(f'"""A method."""\n\n{own}')
    monkeypatch.setattr(methods, "__file__", str(tmp_path / "__init__.py"))
    assert list(methods.by_group().items()) == [
        ("Baselines", ("bbb",)),
        ("Other methods", ("aaa",)),
    ]


@pytest.mark.parametrize("look_up", [methods.check, methods.find])
@pytest.mark.parametrize("name", ["frgam", "bases", "__init__", ""])
def test_an_unknown_name_is_refused_with_the_nearest_names(look_up, name):
    with pytest.raises(errors.UserError, match=f"--method={name} is not a method") as refusal:
        look_up(name)
    if name == "frgam":
        assert "frgan" in str(refusal.value)
