"""A small process that starts one server and never outlives it, nor lets it outlive its owner.

The owner holds the other end of standard input: when it closes, for whatever reason, SIGKILL
included, the server is stopped. It runs by itself, with the standard library only, and has a single
thread, because a parent-death signal belongs to the thread that forked.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypedDict

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOPPING = {signal.SIGTERM, signal.SIGINT}
ON_LINUX = sys.platform == "linux"


class Order(TypedDict):
    """What the owner wants kept."""

    command: list[str]
    environment: dict[str, str]
    run_as: str
    text: str
    stop: list[tuple[int, float]]
    orphaned: int
    remove: list[str]


def main(order: Order) -> int:
    """Start the server, say its pid, and return its exit code when everything of it is gone."""
    if ON_LINUX:
        _libc("prctl", PR_SET_CHILD_SUBREAPER, 1)
    woken = _wake_on(signal.SIGCHLD, *STOPPING)
    server = _launch(order)
    os.write(1, b"%d\n" % server)
    try:
        return _keep(server, order["stop"], woken)
    finally:
        for folder in order["remove"]:
            _remove(Path(folder))


def _keep(server: int, plan: Sequence[tuple[int, float]], woken: int) -> int:
    """Wait for the server's end or for the owner's, and then see everything of it gone."""
    codes: dict[int, int] = {}
    while server not in codes:
        ready, _, _ = select.select([0, woken], [], [])
        signals = os.read(woken, 64) if woken in ready else b""
        if not _reap(codes) or 0 in ready or not STOPPING.isdisjoint(signals):
            break
    for number, grace in plan:
        if not _reap(codes):
            break
        _send(server, number, unless=codes)
        _await_all(codes, grace)
    _end_stragglers(codes)
    return codes.get(server, 1)


def _await_all(codes: dict[int, int], grace: float) -> None:
    deadline = time.monotonic() + grace
    while _reap(codes) and time.monotonic() < deadline:
        time.sleep(0.005)


def _end_stragglers(codes: dict[int, int]) -> None:
    while _reap(codes):
        for child in _children():
            _send(child, signal.SIGKILL, unless=codes)
        time.sleep(0.005)


def _reap(codes: dict[int, int]) -> bool:
    """Collect the dead and say whether a child still lives; the server's orphans count too."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        code = os.waitstatus_to_exitcode(status)
        codes[pid] = code if code >= 0 else 128 - code


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _send(pid: int, number: int, *, unless: dict[int, int]) -> None:
    if pid not in unless:
        os.kill(pid, number)


def _wake_on(*numbers: signal.Signals) -> int:
    """Return a descriptor that becomes readable, with the signal's number, when one arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return reader


def _launch(order: Order) -> int:
    supervisor = os.getpid()
    if (pid := os.fork()) != 0:
        return pid
    try:
        _become_server(order, supervisor)
    except OSError as error:
        os.write(2, f"{order['command'][0]} cannot be started: {error}\n".encode())
    os._exit(126)


def _become_server(order: Order, supervisor: int) -> NoReturn:
    _redirect(order["text"])
    _change_identity(order["run_as"])
    # A change of identity clears the parent-death signal, so it comes after it.
    if ON_LINUX:
        _libc("prctl", PR_SET_PDEATHSIG, order["orphaned"])
    if os.getppid() != supervisor:
        os._exit(125)
    program = order["command"][0]
    os.execve(program, order["command"], order["environment"])  # noqa: S606 - no shell is wanted


def _redirect(text: str) -> None:
    """Feed the server its text, let it write to the log only, and hand it signals as they were."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    os.dup2(reader, 0)
    os.dup2(2, 1)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, *STOPPING):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o077)


def _change_identity(run_as: str) -> None:
    """Stop being root: PostgreSQL refuses to run as root, in whatever folder it lies."""
    if run_as == "nobody":
        os.setgroups([])
        os.setregid(NOBODY, NOBODY)
        os.setreuid(NOBODY, NOBODY)
    elif run_as == "namespace":
        _enter_user_namespace()


def _enter_user_namespace() -> None:
    """Keep the owner's rights to its own files, under a user number that is not root's."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        _libc("unshare", CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    except OSError as error:
        reason = "user 65534 may not enter its folder, and no user namespace can be made"
        hint = f"{reason} ({error.strerror}); choose a folder that everyone may enter"
        raise OSError(error.errno, hint) from error


def _remove(folder: Path) -> None:
    if folder.is_dir():
        for entry in folder.iterdir():
            entry.unlink()
        folder.rmdir()


def _libc(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*map(ctypes.c_ulong, arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
