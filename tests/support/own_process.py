"""Runs groups of tests in processes of their own, whose memory goes with them.

TensorFlow does not give back the graphs that it has traced: a process that runs all tests holds
gigabytes of them, and becomes several times slower. Here each group runs in a fork of a process
that has imported TensorFlow and started nothing, and its reports are handed on as if the tests had
run here. With `--pdb` or `--trace` all tests do run here.
"""

import multiprocessing
import os
import pathlib
import signal
import tempfile
from collections.abc import Iterator

import pytest

PRELOADED = ("tensorflow", "keras", "export.verify", "export.servable", "support.toy_methods")
TESTS = pathlib.Path(__file__).parents[1]
# Of these folders each module is a group, because it leaves many graphs; of others the folder is.
BY_MODULE = ("methods", "networks", "training")
NAME = "own_process_child"
SHARED = "TF_SSGAN_TESTS_SHARED"  # the variable that says where the folder is


def group_of(item: pytest.Item) -> str:
    """The group of a test: its mark for pytest-xdist, which also keeps it on one worker."""
    return item.get_closest_marker("xdist_group").args[0]


def _place(path: pathlib.Path) -> str:
    """The group of the tests of a file without a mark."""
    parts = path.relative_to(TESTS).parts
    return parts[0] if len(parts) > 1 and parts[0] not in BY_MODULE else "/".join(parts)


def is_child(config: pytest.Config) -> bool:
    """Whether this process runs one group."""
    return config.pluginmanager.has_plugin(NAME)


def make_shared_folder() -> tempfile.TemporaryDirectory | None:
    """Makes that folder, unless the process that started this one has made it."""
    if SHARED in os.environ:
        return None
    made = tempfile.TemporaryDirectory(prefix="tests-")
    os.environ[SHARED] = made.name
    return made


def shared_folder() -> pathlib.Path:
    """A folder that the processes of all groups share, of all workers."""
    return pathlib.Path(os.environ[SHARED])


class Child:
    """The plugin of a group's process: runs the tests of the group, and sends each report."""

    __name__ = NAME  # pytest registers it by this name

    def __init__(self, pipe, members: list[str]):
        self.pipe = pipe
        self.places = {name: place for place, name in enumerate(members)}

    def pytest_configure(self, config):
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Those of the group, in the order in which they are asked for."""
        members = [item for item in items if item.nodeid in self.places]
        items[:] = sorted(members, key=lambda item: self.places[item.nodeid])

    def pytest_runtest_logreport(self, report):
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.pipe.send(data)


def _run(pipe, arguments: list[str], members: list[str]) -> None:
    """The group's process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its reports are printed by the parent
    # As in a terminal: `nohup` and scripts that run things in the background ignore signals.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    pytest.main(arguments, plugins=[Child(pipe, members)])
    pipe.close()


class Groups:
    """The plugin that runs groups one after another; one process lives at a time."""

    def __init__(self):
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOADED))
        self.members = {}
        self.name, self.process, self.pipe = None, None, None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        """Marks each test with its group, and keeps a group together."""
        groups = {}
        for item in items:
            if item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group(_place(item.path)))
            groups.setdefault(group_of(item), []).append(item)
        items[:] = [item for group in groups.values() for item in group]

    def pytest_sessionfinish(self):
        """Ends the process, which is still running if the session was cut short."""
        self.close()

    def pytest_collection_finish(self, session):
        """Keeps what is left of each group after tests were deselected."""
        for item in session.items:
            self.members.setdefault(group_of(item), []).append(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        """Runs the test in the process of its group."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self.reports(item):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if nextitem is None or group_of(nextitem) != self.name:
            self.close()
        return True

    def reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """The reports of a test, from its group's process, which the first test starts."""
        if group_of(item) != self.name:
            self.start(item.config, group_of(item))
        when = ""
        while when != "teardown":
            try:
                data = self.pipe.recv()
            except EOFError:
                self.process.join()
                yield _ended(item, f"the process of {self.name} ended: {self.process.exitcode}")
                return
            report = item.config.hook.pytest_report_from_serializable(config=item.config, data=data)
            if report.nodeid == _plain(item):  # others may run in another worker
                when, report.nodeid = report.when, item.nodeid
                yield report

    def start(self, config: pytest.Config, name: str) -> None:
        """Starts the process of a group."""
        self.close()
        members = self.members[name]
        files = dict.fromkeys(str(item.path) for item in members)
        self.pipe, theirs = self.context.Pipe(duplex=False)
        given = (theirs, _arguments(config, list(files)), [*map(_plain, members)])
        self.process = self.context.Process(target=_run, args=given)
        self.process.start()
        theirs.close()
        self.name = name

    def close(self) -> None:
        """Ends the process of the last group, which may be putting away what its tests shared."""
        if self.process is not None:
            self.pipe.close()
            self.process.join(timeout=10)
            self.process.kill()
            self.process.join()
        self.name, self.process, self.pipe = None, None, None


def _arguments(config: pytest.Config, files: list[str]) -> list[str]:
    """What pytest is given in the group's process: the files, and the options that matter there."""
    given = config.option
    options = ["-n0", "-m", "", "-p", "no:cacheprovider", f"--auto={given.auto}"]
    options += [
        f"--rootdir={config.rootpath}",
        f"--tb={given.tbstyle}",
        f"--verbosity={given.verbose}",
    ]
    options += [f"-W{text}" for text in given.pythonwarnings or ()]
    options += ["--showlocals"] * given.showlocals + ["--runxfail"] * given.runxfail
    return [*options, *files]


def _plain(item: pytest.Item) -> str:
    """The name of a test without the group that pytest-xdist puts behind it."""
    return item.nodeid.removesuffix(f"@{group_of(item)}")


def _ended(item: pytest.Item, text: str) -> pytest.TestReport:
    """A failure, for a test whose process died."""
    return pytest.TestReport(
        item.nodeid, item.location, {}, "failed", longrepr=text, when="call", duration=0.0
    )
