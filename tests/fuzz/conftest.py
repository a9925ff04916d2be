"""One world for all readers, and the table of outcomes at the end."""

import pytest
from fuzz.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The whole inputs."""
    return World(tmp_path_factory.mktemp("fuzz"))


def pytest_terminal_summary(terminalreporter):
    """Prints the outcomes of each family."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, table in getattr(report, "user_properties", ()):
                if name == "outcomes" and getattr(report, "when", "") == "call":
                    terminalreporter.write_line(f"\n{report.nodeid}\n{table}")
