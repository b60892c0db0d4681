"""The last look before texts leave the project in a file: none goes that still holds personal data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from strop import curate
from strop.curate import Left
from strop.errors import InputError
from strop.project import known_names
from strop.project.opened import Opened
from strop.records import JSON, Dataset, Example

_NAMED = 3
"""So many places are named in a message."""


def masked_as_now(project: Opened, dataset: Dataset) -> bool:
    """Whether a version's rows were masked, and by the name model, as strop.yaml asks for now."""
    data, recipe = project.settings.data, dataset.recipe.get("data")
    if data.personal_data == "keep" or not isinstance(recipe, dict):
        return True
    asked = data.model_dump(mode="json").get("name_model")
    return recipe.get("personal_data") != "keep" and (asked is None or recipe.get("name_model") == asked)


def only_clean_rows(project: Opened, rows: Sequence[Example], dataset: Dataset, *, did: str = "written") -> None:
    """Let rows of a dataset leave, unless they hold what should have been masked.

    Args:
        project: whose they are.
        rows: which.
        dataset: the version that they are of.
        did: what is not done then.
    Raises:
        InputError: where they do, or were curated without the name model that strop.yaml asks for: then nobody has
            looked for the names that it would find.
    """
    data = project.settings.data
    if data.personal_data == "keep":
        return
    _by_this_name_model(project, dataset, did)
    _refuse(curate.personal_data_left(rows, dataset.kind), "rows", "curate again: strop curate", did)


def _by_this_name_model(project: Opened, dataset: Dataset, did: str) -> None:
    asked = project.settings.data.model_dump(mode="json").get("name_model")
    recipe = dataset.recipe.get("data")
    if asked is not None and isinstance(recipe, dict) and recipe.get("name_model") != asked:
        raise InputError(
            f"{dataset.id} was curated without the name model that strop.yaml asks for now; nothing was {did}",
            source=project.place("data", "name_model"),
            remedy="curate again: strop curate",
        )


def only_clean(project: Opened, texts: Iterable[tuple[str, str]], what: str) -> None:
    """Let texts leave (each with where it stands), unless they hold what should have been masked; labels may say what
    they like.

    Args:
        project: whose they are.
        texts: place and text of each.
        what: how they are called together, in the plural.
    Raises:
        InputError: where one does, or the newest version's rows were curated without the name model that strop.yaml
            asks for.
        SettingsError: where that cannot be used.
    """
    if known_names.masker(project) is None:
        return
    newest = project.store.latest(Dataset)
    if newest is not None:
        _by_this_name_model(project, newest, "written")
    labels = set(newest.labels) if newest is not None else set()
    looked = ((place, text) for place, text in dict.fromkeys(texts) if text not in labels)
    _refuse(curate.personal_data_in(looked), what, "if it stands in rows, curate again: strop curate")


def hiding(project: Opened, labels: Collection[str] = ()) -> Callable[[str], str]:
    """What masks a text as the project masks now, for texts that leave masked; ``labels`` may say what they like.

    Raises SettingsError where the name model that strop.yaml asks for cannot be used: then nothing leaves.
    """
    masker = known_names.masker(project)

    def hide(text: str) -> str:
        return text if masker is None or not text or text in labels else masker.mask(text).text

    return hide


def strings(value: JSON, names: Mapping[str, str], place: str = "") -> Iterable[tuple[str, str]]:
    """Every text under one of these keys, however deep, with its place: the value of the nearest key that is an id.

    Args:
        value: anything that JSON holds.
        names: the keys, each with how it is called.
        place: where it stands.
    """
    if isinstance(value, dict):
        here = next((str(value[key]) for key in ("example", "id", "pair") if isinstance(value.get(key), str)), place)
        for key, inner in value.items():
            if key in names:
                yield from ((f"{here} ({names[key]})", text) for text in _flat(inner))
            else:
                yield from strings(inner, names, here)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, names, place)


def _flat(value: JSON) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _flat(inner)


def _refuse(left: Sequence[Left], what: str, remedy: str, did: str = "written") -> None:
    if left:
        told = ", ".join(str(one) for one in left[:_NAMED])
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        many = "s of personal data are" if len(left) > 1 else " of personal data is"
        raise InputError(
            f"{len(left)} piece{many} still in the {what}: {told}{more}; nothing was {did}",
            remedy=f"{remedy}; to let them leave as they are, data.personal_data: keep",
        )
