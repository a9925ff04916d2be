"""The structure of the code: imports point down, nothing imports itself in a circle.

The table of docs/code_map.md: a folder may import folders of lower floors and itself; up to the
methods, only some of them. Programs alone lie at the root of the package. absl, tf.distribute and
optimizers are used in one place each.
"""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FLOORS = {
    "common": 1,
    "nn": 2, "papers": 2,
    "core": 3, "metrics": 3, "augmentation": 3,
    "networks": 4, "data": 4,
    "methods": 5,
    "training": 6,
    "flags": 7, "reports": 7, "launch": 7, "evaluation": 7, "diagnostics": 7,
    "programs": 8, "export": 8,
}  # fmt: skip
MAY_IMPORT = {  # the folders that may not import all of the floors below
    "core": {"nn", "common"},
    "metrics": {"nn", "common"},
    "augmentation": {"nn", "common"},
    "networks": {"core", "nn", "common"},
    "data": {"core", "augmentation", "nn", "common"},
    "methods": {"networks", "core", "nn", "common"},
}
LONGEST_FUNCTION, LONGEST_MODULE = 60, 350  # lines
FILES = sorted([*ROOT.glob("tf_ssgan/**/*.py"), *ROOT.glob("flags/*.py"), *ROOT.glob("export/*.py"),
                ROOT / "train_main.py"])  # fmt: skip


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def folder(name):
    """tf_ssgan.nn.layers.noise -> nn; tf_ssgan.sweep -> programs; flags.program -> flags."""
    first, *rest = name.split(".")
    if first == "tf_ssgan":
        return rest[0] if rest and (ROOT / "tf_ssgan" / rest[0]).is_dir() else "programs"
    return "programs" if first == "train_main" else first


def imports(path):
    """The modules that a file imports, wherever in it, and the lines; ours by their full names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: imports name the whole path"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full in MODULES else node.module), node.lineno


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_point_down(path):
    mine = folder(module(path))
    for name, line in imports(path):
        if name not in MODULES:
            continue
        theirs = folder(name)
        if theirs == mine != "programs":
            continue
        assert FLOORS[theirs] < FLOORS[mine], (
            f"{path}:{line}: {mine} (floor {FLOORS[mine]}) imports {name} (floor {FLOORS[theirs]})"
        )
        assert theirs in MAY_IMPORT.get(mine, FLOORS), f"{path}:{line}: {mine} imports {name}"


def test_no_module_imports_itself_in_a_circle():
    graph = {name: {i for i, _ in imports(path) if i in MODULES} for name, path in MODULES.items()}
    while free := {name for name, needed in graph.items() if not needed & set(graph)}:
        graph = {name: needed for name, needed in graph.items() if name not in free}
    assert not graph, f"in a circle, or above one: {sorted(graph)}"


def test_every_folder_has_a_floor():
    assert {folder(name) for name in MODULES} == set(FLOORS)


def test_the_code_map_has_the_same_floors():
    text = (ROOT / "docs/code_map.md").read_text()
    rows = re.findall(r"^\| (\d) \| `(?:tf_ssgan/)?(\w+)/`", text, re.MULTILINE)
    assert {name: int(floor) for floor, name in rows} | {"programs": 8} == FLOORS


def test_only_programs_lie_at_the_root_of_the_package():
    for name, path in MODULES.items():
        if folder(name) == "programs" and name != "tf_ssgan":
            assert re.search(r"^def main\(", path.read_text(), re.MULTILINE), f"{path}: no program"


def test_every_module_can_be_imported_first(tmp_path):
    """In an empty process, of which a copy is made for each module; each is compiled once."""
    code = (
        "import gc, os, sys, importlib\n"
        "import tensorflow, keras, absl.app, matplotlib.figure, sklearn.metrics, PIL.Image, jinja2\n"
        "sys.dont_write_bytecode, sys.pycache_prefix = False, sys.argv[1]\n"
        "gc.disable(); gc.freeze()\n"
        "failed = []\n"
        "for name in sys.argv[2:]:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try: importlib.import_module(name)\n"
        "        except BaseException as error: print(name, repr(error)); os._exit(1)\n"
        "        os._exit(0)\n"
        "    if os.waitpid(child, 0)[1]: failed.append(name)\n"
        "sys.exit(bool(failed))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, *MODULES],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=module)
def test_absl_stays_at_the_door(path):
    door = folder(module(path)) == "flags" or module(path) == "tf_ssgan.common.startup"
    for name, line in imports(path):
        if name.split(".")[0] == "absl":
            assert door, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_distribution_and_optimizers_are_used_in_one_place_each(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Attribute):
            continue
        owner = ast.unparse(node.value)
        if owner == "tf.distribute" and node.attr not in ("Strategy", "InputContext"):
            assert path.name == "distribution.py", (
                f"{path}:{node.lineno}: tf.distribute.{node.attr}"
            )
        if node.attr in ("apply", "apply_gradients") and "optimizer" in owner:
            assert path.name == "player.py", f"{path}:{node.lineno}: {owner}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_functions_and_modules_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE, f"{path} has {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            begin = first.end_lineno if documented else node.lineno
            lines = node.end_lineno - begin
            assert lines < LONGEST_FUNCTION, f"{path}:{node.lineno}: {node.name} has {lines} lines"


def test_no_two_classes_share_a_name():
    """A reader who looks for a class finds one; each method has its own `Method` and `HParams`."""
    places = {}
    for name, path in MODULES.items():
        own = {"Method", "HParams"} if path.parent.name == "methods" else set()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name[0] != "_" and node.name not in own:
                places.setdefault(node.name, []).append(name)
    shared = {kind: where for kind, where in places.items() if len(where) > 1}
    assert not shared


def test_what_methods_share_is_known_to_methods_alone():
    """Others ask a method for what it declares, never for its base class."""
    for name, path in MODULES.items():
        if folder(name) != "methods":
            bases = [line for other, line in imports(path) if "methods.bases" in other]
            assert not bases, f"{path}:{bases}"


def test_every_module_has_a_test_of_its_name():
    """tests/ mirrors the tree; a package's __init__ is tested where it holds functions."""
    missing = []
    for name, path in MODULES.items():
        holds = any(
            isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.parse(path.read_text()).body
        )
        place = path.relative_to(ROOT / "tf_ssgan" if name.startswith("tf_ssgan") else ROOT)
        mirrored = ROOT / "tests" / place.with_name(f"test_{path.stem}.py")
        if path.name != "__init__.py" and holds and not mirrored.exists():
            missing.append(str(mirrored.relative_to(ROOT)))
    assert not missing, f"missing: {missing}"


@pytest.mark.parametrize("name", ["tf_ssgan", "flags", "train_main"])
def test_no_tensorflow_is_needed_to_answer_a_mistake(name):
    """What answers mistakes in names, paths and data must start at once."""
    code = f"import sys, {name}; print(*{{'tensorflow', 'keras', 'sklearn'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
