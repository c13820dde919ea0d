"""Settings that lie in files: what `…_FILE` names, and the credentials that systemd hands over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource


class UnreadableFile(Exception):  # noqa: N818 - says what is in the way
    """A file that holds a setting cannot be read; its text names setting and file."""


def is_given(name: str) -> bool:
    """Whether a setting is given by the environment, or by a file."""
    return bool(os.environ.get(name)) or file_of(name) is not None


def file_of(name: str) -> Path | None:
    """Return the file that a setting of this name lies in, if it does.

    `NAME_FILE` names one; systemd's `LoadCredential=NAME:…` puts one beside the others.
    """
    if named := os.environ.get(f"{name}_FILE"):
        return Path(named)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    handed = Path(folder, name) if folder else None
    return handed if handed is not None and handed.is_file() else None


class FileSource(PydanticBaseSettingsSource):
    """Reads the settings that lie in files; what the environment says itself comes before it."""

    def get_field_value(self, _: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return what a file says of a field, without the line break at its end.

        Raises:
            UnreadableFile: there is one and it cannot be read.
        """
        name = field_name.upper()
        path = file_of(name)
        if path is None:
            return None, field_name, False
        try:
            return path.read_text("utf-8").strip() or None, field_name, False
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise UnreadableFile(f"{name}_FILE: {path} cannot be read ({why})") from None

    def __call__(self) -> dict[str, Any]:
        """Return the settings that lie in files."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}
