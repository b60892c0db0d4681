"""What rows of the sources say, read again and masked: rows that left are stored nowhere but in their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from strop import durable
from strop.curate import personal
from strop.curate.drafts import Draft
from strop.curate.files.formats import layout
from strop.curate.files.sources import Opened, read
from strop.errors import UserError
from strop.privacy import project_model
from strop.records import JSON
from strop.settings import Settings, named_file


class Quote(NamedTuple):
    """A row as it would be stored: what it asks, and its answer."""

    asked: str
    answer: str


def quotes(
    settings: Settings, project: Path, key: bytes, sources: Sequence[Mapping[str, JSON]], places: Collection[str]
) -> dict[str, Quote]:
    """The rows at these places (``source:line``), masked as curation masks; what cannot be shown is left out.

    Args:
        settings: how rows are read and whether they are masked.
        project: the folder that names of sources start from.
        key: the project key.
        sources: of a dataset's recipe: a file that has changed since is not quoted.
        places: which rows.
    """
    if not places:
        return {}
    rows = [row for source in sources for row in _unchanged(settings, project, source)]
    wanted = [row for row in rows if row.place in places]
    if settings.data.personal_data != "keep":
        hide = personal.masker(key, rows, project_model(settings, project))
        for row in wanted:
            personal.mask(row, hide, labelled=settings.task.kind == "classification")
    return {row.place: Quote(row.asked, row.answer) for row in wanted}


def _unchanged(settings: Settings, project: Path, source: Mapping[str, JSON]) -> list[Draft]:
    """The rows of a source that is still what the recipe names; none otherwise."""
    name = str(source.get("path"))
    columns = next((one.columns for one in settings.data.sources if one.path == name), None)
    try:
        path = named_file(project, name)
        if not path.is_file() or durable.file_sha256(path) != source.get("sha256"):
            return []
        return list(read(Opened(name, path, None, columns or settings.data.columns, layout(path)), lambda *_: None))
    except (UserError, OSError):
        return []
