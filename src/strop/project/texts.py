"""Text files that people hand over to be read whole: what is wrong with one is said with its line."""

from __future__ import annotations

from pathlib import Path

from strop.errors import InputError


def read_text(path: Path) -> str:
    """A UTF-8 file's text. Raises InputError with the line for anything else, and for what is no file."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8", source=path, line=line, remedy="save the file as UTF-8") from None
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), source=path, remedy="check the name") from None


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """A UTF-8 file's lines with their numbers from 1, empty ones left out. Raises InputError as :func:`read_text`."""
    lines = enumerate(read_text(path).split("\n"), 1)
    return [(number, line.removesuffix("\r")) for number, line in lines if line.strip()]
