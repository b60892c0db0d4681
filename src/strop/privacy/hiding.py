"""What replaces personal data in a project, as its strop.yaml says."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from strop.errors import SettingsError
from strop.privacy.masking import Masker
from strop.privacy.name_model import NameModel, name_model
from strop.settings import FILE, Settings, line_of


def hider(settings: Settings, project: Path, key: bytes, *, sealed: Collection[str] = frozenset()) -> Masker | None:
    """The project's masker; None where ``data.personal_data`` keeps texts as they are.

    Args:
        settings: strop.yaml.
        project: the folder that relative paths start from.
        key: the project key.
        sealed: people's names that the rows' columns gave, sealed.
    Raises:
        SettingsError: with the line, where the name model that strop.yaml asks for cannot be used: then
            nothing is let through.
    """
    if settings.data.personal_data == "keep":
        return None
    return Masker(key, sealed=sealed, model=project_model(settings, project))


def project_model(settings: Settings, project: Path) -> NameModel | None:
    """The model of tier two, if strop.yaml names one. Raises as :func:`hider` does."""
    asked = settings.data.name_model
    if asked is None or settings.data.personal_data == "keep":
        return None
    try:
        return name_model((project / asked.path).resolve(), asked.sha256)
    except SettingsError as error:
        error.place = error.place or f"{project / FILE}:{line_of(project / FILE, error.key)}"
        raise
