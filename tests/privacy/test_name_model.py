"""Tier two: names in running text, by a spaCy pipeline behind Presidio, and only by the one that was pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.errors import SettingsError
from strop.privacy import Masker, NameModel, find, hider
from strop.privacy.name_model import folder_sha256
from strop.settings import Settings

spacy = pytest.importorskip("spacy")
pytest.importorskip("presidio_analyzer")

KEY = bytes(range(32))


def saved(folder: Path, *names: str, language: str = "en") -> Path:
    """A pipeline of spaCy's own that calls these words people."""
    pipeline = spacy.blank(language)
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": name} for name in names])
    pipeline.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(
        tmp_path_factory.mktemp("model") / "en", "Maria Gonzales", "Kofi Haddad's", "order", "Unit 7", "Kofi Haddad",
        "Karte", "Mastercard", "Anna",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(folder: Path) -> NameModel:
    return NameModel(folder, folder_sha256(folder))


def settings(folder: Path, sha256: str, **data: object) -> Settings:
    return Settings.model_validate({"data": {"name_model": {"path": str(folder), "sha256": sha256}, **data}})


def test_names_are_found_where_nothing_introduces_them(model: NameModel) -> None:
    text = "Yesterday I spoke with Maria Gonzales, and Kofi Haddad's card was there."
    assert find(text) == [], "no pattern tells"
    assert [span.text for span in find(text, None, model)] == ["Maria Gonzales", "Kofi Haddad"]


def test_what_cannot_be_a_name_is_none(model: NameModel) -> None:
    assert find("the order is in Unit 7 and I will wait for it", None, model) == []


def test_one_word_alone_has_to_be_a_first_name(model: NameModel) -> None:
    found = find("I asked Anna why the Mastercard did not work", None, model)
    assert [span.text for span in found] == ["Anna"]


def test_a_text_of_another_language_is_left_to_the_patterns(model: NameModel) -> None:
    assert find("Wo bleibt meine Karte, die vor zwei Wochen bestellt wurde?", None, model) == []


def test_the_same_person_has_the_same_surrogate_in_both_tiers(model: NameModel) -> None:
    plain, both = Masker(KEY, names=["Maria Gonzales"]), Masker(KEY, model=model)
    text = "I was told by Maria Gonzales that it was done."
    assert both.mask(text).text == plain.mask(text).text != text
    masked = both.mask(text)
    assert both.unmask(masked.text, masked.originals) == text
    assert both.mask(masked.text).text == masked.text, "a surrogate is no name"


def test_patterns_come_before_the_model(model: NameModel) -> None:
    text = "I wrote to Maria Gonzales at maria@example.org about it"
    assert [span.kind for span in find(text, None, model)] == ["name", "email"]


def test_other_files_are_refused_and_nothing_goes_unmasked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "strop.yaml").write_text("data:\n  name_model:\n    path: x\n    sha256: 00\n", "utf-8")
    with pytest.raises(SettingsError, match=r"other files than strop\.yaml says") as error:
        hider(settings(folder, "00"), tmp_path, KEY)
    assert error.value.place.endswith("strop.yaml:4")
    assert folder_sha256(folder) in error.value.remedy
    assert hider(settings(folder, "00", personal_data="keep"), tmp_path, KEY) is None, (
        "nothing is masked: not asked for"
    )


def test_a_changed_file_changes_the_hash(folder: Path, tmp_path: Path) -> None:
    before = folder_sha256(folder)
    copy = saved(tmp_path / "en", "Maria Gonzales")
    assert folder_sha256(copy) != before
    changed = folder_sha256(copy)
    (copy / "more.txt").write_text("x", "utf-8")
    assert folder_sha256(copy) != changed


def test_a_hash_that_is_missing_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "strop.yaml").write_text("data:\n  name_model: {path: x}\n", "utf-8")
    with pytest.raises(SettingsError, match="has no hash yet") as error:
        hider(settings(folder, ""), tmp_path, KEY)
    assert folder_sha256(folder) in error.value.remedy


@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_a_folder_without_a_pipeline_is_told(tmp_path: Path, missing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match="is no spaCy pipeline"):
        NameModel(tmp_path / missing, "")


def test_a_pipeline_without_names_is_told(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "en")
    with pytest.raises(SettingsError, match="finds no names"):
        NameModel(tmp_path / "en", folder_sha256(tmp_path / "en"))


def test_a_damaged_pipeline_is_told(folder: Path, tmp_path: Path) -> None:
    copy = saved(tmp_path / "en", "Maria Gonzales")
    (copy / "config.cfg").write_text("[nlp]\nlang = 3\n", "utf-8")
    with pytest.raises(SettingsError, match="cannot be loaded"):
        NameModel(copy, folder_sha256(copy))
