"""What a run of the tests prints beyond pytest's own: failures at once, and the time by part."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import pytest

LIBRARY: Final = "tests"


@dataclass(slots=True)
class Part:
    """What the tests of one folder have taken so far."""

    tests: int = 0
    seconds: float = 0.0


class Progress:
    """Follows the reports of all tests, those of other processes included."""

    def __init__(self, config: pytest.Config) -> None:
        """Take what leads to the terminal."""
        self._config = config
        self._parts: defaultdict[str, Part] = defaultdict(Part)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test, or a part of one, and show a failure now and not only at the end."""
        part = self._parts[part_of(report.nodeid)]
        part.seconds += report.duration
        part.tests += report.when == "call"
        if report.failed:
            self._show(report)

    def _show(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is None:
            return
        terminal.ensure_newline()
        terminal.write_sep("!", f"{report.nodeid} ({report.when})", red=True)
        terminal.write_line(report.longreprtext)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how long the tests of each folder took, added up over all processes."""
        terminalreporter.write_sep("=", "time by part")
        parts = sorted(self._parts.items(), key=lambda item: -item[1].seconds)
        for name, part in parts:
            terminalreporter.write_line(f"{part.seconds:8.1f} s {part.tests:6} tests  {name}")


def part_of(nodeid: str) -> str:
    """Return the folder of `tests/` that a test lies in, and the part that it is about."""
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[:3]) or LIBRARY


def pytest_configure(config: pytest.Config) -> None:
    """Follow the run, where it is controlled from."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config), "booking-progress")
