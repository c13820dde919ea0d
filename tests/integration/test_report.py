"""A run of the tests shows a failure at once, and what each part has taken."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONFTEST = "from tests.support.report import pytest_configure\n"
FAILING = "def test_it():\n    assert 'this' == 'that'\n"
LASTING = "import time\n\ndef test_it():\n    time.sleep(0.3)\n"


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_failure_is_shown_before_the_run_ends_and_times_after_it(
    tmp_path: Path, processes: str
) -> None:
    """With several processes, too, whose tests are reported to the first."""
    for name, text in (("quick", FAILING), ("slow", LASTING)):
        folder = tmp_path / "tests" / name
        folder.mkdir(parents=True)
        (folder / f"test_{name}.py").write_text(text)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    options = ["-p", "no:cacheprovider", "--import-mode=importlib", f"-n{processes}", "-v"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *options, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    at_once, _, after = done.stdout.partition("= FAILURES =")
    assert "tests/quick/test_quick.py::test_it (call)" in at_once
    assert "AssertionError: assert 'this' == 'that'" in at_once
    times = re.findall(r"([\d.]+) s +(\d+) tests  (\S+)", after)
    assert [(part, tests) for _, tests, part in times] == [
        ("tests/slow", "1"),
        ("tests/quick", "1"),
    ]
    assert float(times[0][0]) >= 0.3
