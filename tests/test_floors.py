"""Imports point down; absl, tf.distribute and optimizers are spoken to in one place each."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
FLOORS = {
    "errors": 0, "task": 0, "knobs": 0, "schedules": 0, "replicas": 0, "draws": 0, "losses": 0,
    "colors": 0, "geometry": 0, "rows": 0, "cores": 0,
    "layers": 1, "spectral": 1, "cutout": 1, "randaugment": 1, "augment": 1,
    "networks": 2, "data": 2,
    "method": 3, "gan": 3, "residual": 3, "pretraining": 3,
    "methods": 4,
    "config": 5, "precision": 5, "evaluation": 5, "checkpoint": 5, "journal": 5, "callbacks": 5,
    "calibration": 5, "scores": 5, "ranking": 5, "figures": 5,
    "folder": 6, "assembly": 6, "summary": 6, "outcome": 7, "experiment": 7,
    "catalog": 8, "checkup": 8, "judging": 8, "processes": 8,
    "tables": 8,
    "flags": 8, "export": 9, "evaluate": 9, "doctor": 9, "judge": 9, "noise_curves": 9,
    "reporting": 9, "report": 10, "sweep": 10,
    "train_main": 9,
}  # fmt: skip
SAME_FLOOR = {
    ("knobs", "errors"), ("replicas", "errors"), ("draws", "replicas"), ("losses", "replicas"),
    ("augment", "cutout"), ("spectral", "layers"), ("pretraining", "gan"), ("pretraining", "method"), ("augment", "randaugment"), ("gan", "method"), ("residual", "method"),
    ("callbacks", "evaluation"), ("callbacks", "figures"), ("callbacks", "journal"), ("assembly", "folder"),
    ("experiment", "outcome"), ("figures", "calibration"), ("figures", "ranking"),
}  # fmt: skip
A_METHOD_MAY = {"method", "gan", "residual", "pretraining", "methods", "networks", "losses", "layers",
                "schedules", "replicas", "knobs", "task", "errors"}  # fmt: skip
ABSL = {"flags", "export.export_main", "export.client", "export.predict", "tf_ssgan.evaluate",
        "tf_ssgan.doctor", "train_main"}  # fmt: skip
FILES = sorted([*ROOT.glob("tf_ssgan/**/*.py"), *ROOT.glob("flags/*.py"), *ROOT.glob("export/*.py"),
                ROOT / "train_main.py"])  # fmt: skip


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name):
    """tf_ssgan.networks.dcgan -> networks; flags.early -> flags."""
    parts = name.split(".")
    return parts[1] if parts[0] == "tf_ssgan" and len(parts) > 1 else parts[0]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            below = (ROOT / node.module.replace(".", "/")).is_dir()
            for alias in node.names:
                yield (f"{node.module}.{alias.name}" if below else node.module), node.lineno


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_point_down(path):
    mine = room(module(path))
    for name, line in imports(path):
        theirs = room(name)
        if name.split(".")[0] not in ("tf_ssgan", "flags", "export") or theirs == mine:
            continue
        if theirs == "tf_ssgan":
            continue  # the package's version
        down = FLOORS[theirs] < FLOORS[mine] or (mine, theirs) in SAME_FLOOR
        assert down, f"{path}:{line}: {mine} (floor {FLOORS[mine]}) imports {theirs}"
        if mine == "methods" and path.stem != "__init__":
            assert theirs in A_METHOD_MAY, f"{path}:{line}: a method may not import {theirs}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_absl_stays_at_the_door(path):
    for name, line in imports(path):
        if name.split(".")[0] == "absl":
            ok = room(module(path)) == "flags" or module(path) in ABSL
            assert ok, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_replicas_and_optimizers_have_one_speaker(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Attribute):
            continue
        owner = ast.unparse(node.value)
        if owner == "tf.distribute" and node.attr not in ("Strategy", "InputContext"):
            assert path.name == "replicas.py", f"{path}:{node.lineno}: tf.distribute.{node.attr}"
        if node.attr in ("apply", "apply_gradients") and "optimizer" in owner:
            assert path.name == "method.py", f"{path}:{node.lineno}: {owner}.{node.attr}"


def test_every_room_has_a_floor():
    assert {room(module(path)) for path in FILES} - {"tf_ssgan"} <= set(FLOORS)


def test_the_command_line_needs_no_tensorflow():
    """What answers mistakes in names, paths and data must start at once."""
    seen, todo = set(), ["flags", "train_main"]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        path = ROOT / (name.replace(".", "/") + ".py")
        path = path if path.exists() else ROOT / name.replace(".", "/") / "__init__.py"
        if not path.exists():
            assert name.split(".")[0] not in ("tensorflow", "keras", "sklearn"), seen
            continue
        for node in ast.parse(path.read_text()).body:  # only what is imported on sight
            if isinstance(node, ast.Import):
                todo += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                below = (ROOT / node.module.replace(".", "/")).is_dir()
                todo += [f"{node.module}.{a.name}" if below else node.module for a in node.names]
