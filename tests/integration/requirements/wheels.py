"""A small package index in a folder: wheels of packages that hold nothing but what they need."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(
    index: Path,
    name: str,
    version: str,
    *,
    needs: Sequence[str] = (),
    extras: Mapping[str, str] | None = None,
) -> None:
    """Put a release of a package into the index; `extras` maps each extra to what it needs."""
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    about += [f"Requires-Dist: {need}\n" for need in needs]
    for extra, need in (extras or {}).items():
        about += [f"Provides-Extra: {extra}\nRequires-Dist: {need}; extra == '{extra}'\n"]
    info = f"{name}-{version}.dist-info"
    files = {f"{name}.py": "", f"{info}/METADATA": "".join(about), f"{info}/WHEEL": WHEEL}
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(index / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)
