"""Runs a group of tests in a process of its own, whose memory goes with it.

TensorFlow does not give back the graphs that it has traced: a process that asks forty methods holds
the graphs of all. Here each group runs in a fork of a process that has imported TensorFlow and
started nothing, and its reports are handed on as if the tests had run here.
"""

import multiprocessing
import os
import pathlib
import tempfile
from collections.abc import Iterator

import pytest

PRELOADED = ("tensorflow", "keras", "export.verify", "export.servable", "support.toy_methods")


NAME = "own_process_child"


class Child:
    """The plugin of a group's process: sends each report."""

    __name__ = NAME  # pytest registers it by this name

    def __init__(self, pipe, shared: str):
        self.pipe = pipe
        self.shared = shared

    def pytest_configure(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.pipe.send(data)


def is_child(config: pytest.Config) -> bool:
    """Whether this process runs one group."""
    return config.pluginmanager.has_plugin(NAME)


def shared_folder(config: pytest.Config) -> pathlib.Path:
    """A folder that the processes of all groups share, in one of them."""
    return pathlib.Path(config.pluginmanager.get_plugin(NAME).shared)


def _run(pipe, shared: str, arguments: list[str]) -> None:
    """The group's process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its reports are printed by the parent
    pytest.main(arguments, plugins=[Child(pipe, shared)])
    pipe.close()


class Groups:
    """Runs groups one after another; one process lives at a time."""

    def __init__(self):
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOADED))
        self.shared = tempfile.TemporaryDirectory(prefix="groups-")
        self.name, self.process, self.pipe = None, None, None

    def reports(self, item: pytest.Item, name: str, members: list[pytest.Item]) -> Iterator:
        """The reports of a test, from its group's process.

        Args:
            item: The test.
            name: Its group; another one than before starts a process.
            members: The tests of the group, in the order in which they are asked for.
        """
        if name != self.name:
            self.close()
            self.pipe, theirs = self.context.Pipe(duplex=False)
            self.process = self.context.Process(
                target=_run, args=(theirs, self.shared.name, _arguments(item.config, members))
            )
            self.process.start()
            theirs.close()
            self.name = name
        when = ""
        while when != "teardown":
            try:
                data = self.pipe.recv()
            except EOFError:
                self.process.join()
                yield _ended(item, f"the process of {name} ended: {self.process.exitcode}")
                return
            report = item.config.hook.pytest_report_from_serializable(config=item.config, data=data)
            if report.nodeid == _plain(item):  # others may run in another worker
                when, report.nodeid = report.when, item.nodeid
                yield report

    def close(self) -> None:
        """Ends the process of the last group."""
        if self.process is not None:
            self.pipe.close()
            self.process.terminate()
            self.process.join()
        self.name, self.process, self.pipe = None, None, None


def _arguments(config: pytest.Config, members: list[pytest.Item]) -> list[str]:
    """What pytest is given in the group's process: the same options, and the tests by name."""
    options = ["-n0", "-m", "", "-p", "no:cacheprovider", f"--auto={config.getoption('auto')}"]
    return [f"--rootdir={config.rootpath}", *options, *map(_plain, members)]


def _plain(item: pytest.Item) -> str:
    """The name of a test without the group that pytest-xdist puts behind it."""
    return item.nodeid.partition("@")[0]


def _ended(item: pytest.Item, text: str) -> pytest.TestReport:
    """A failure, for a test whose process died."""
    return pytest.TestReport(
        item.nodeid, item.location, {}, "failed", longrepr=text, when="call", duration=0.0
    )
