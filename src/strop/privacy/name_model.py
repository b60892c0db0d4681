"""Tier two: people's names in running text, by a spaCy model behind Presidio (extra ``pii``).

A pattern cannot know names that nothing introduces; a model can, and is wrong at times. It runs only where strop.yaml
names a folder and the hash of its files: nothing is fetched, and no other model than the one that was looked at runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from strop import durable
from strop.errors import SettingsError
from strop.privacy.people import FIRST_NAMES
from strop.privacy.spans import Span

KEY = ("data", "name_model")
_LEFT_OUT = ("tagger", "parser", "senter", "lemmatizer", "attribute_ruler", "textcat", "morphologizer")
"""Parts of a pipeline that do not find names: without them it is twice as fast."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MOST_WORDS = 5
_REMEMBERED = 64
_FEW = 5
_OWN_WORDS = 0.2
"""Share of words that are the commonest of the model's language, below which a text is in another one."""


class NameModel:
    """Finds people's names with a model that was loaded from a folder of known content.

    Args:
        folder: a spaCy pipeline, as its wheel holds it (the folder with ``config.cfg``).
        sha256: what :func:`folder_sha256` says of it.
    Raises:
        SettingsError: where the extra is not installed, no pipeline is there, its hash is another, or it names nobody.
    """

    def __init__(self, folder: Path, sha256: str) -> None:
        if importlib.util.find_spec("spacy") is None or importlib.util.find_spec("presidio_analyzer") is None:
            remedy = "pip install 'strop[pii]', or take `data.name_model` out"
            raise _refused("needs Presidio and spaCy", remedy, folder)
        if not (folder / "config.cfg").is_file():
            remedy = "name the folder of a spaCy pipeline: the one that holds config.cfg"
            raise _refused("is no spaCy pipeline", remedy, folder)
        found = folder_sha256(folder)
        if found != sha256:
            told = "has other files than strop.yaml says" if sha256 else "has no hash yet by which its files are known"
            remedy = f"look where it comes from; if it is the one you want, `data.name_model.sha256: {found}`"
            raise _refused(told, remedy, folder, "sha256")
        self._analyzer, self._language, self._common = _loaded(folder)
        self._asked = lru_cache(maxsize=_REMEMBERED)(self._ask)  # a row's texts are looked at several times in turn

    def find(self, text: str) -> tuple[Span, ...]:
        """People's names in ``text``, left to right; none in a text of another language than the model's."""
        return self._asked(text)

    def _ask(self, text: str) -> tuple[Span, ...]:
        words = [word.casefold() for word in _WORD.findall(text)]
        if len(words) > _FEW and sum(word in self._common for word in words) < _OWN_WORDS * len(words):
            return ()
        found = self._analyzer.analyze(text, self._language, entities=["PERSON"])
        spans = {span for one in found for span in _names(text, one.start, one.end)}
        return tuple(sorted(spans, key=lambda span: span.start))


@lru_cache(maxsize=4)
def name_model(folder: Path, sha256: str) -> NameModel:
    """The model of that folder, loaded once in a process. Raises as :class:`NameModel` does."""
    return NameModel(folder, sha256)


def folder_sha256(folder: Path) -> str:
    """SHA-256 over the names and the SHA-256 of all files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        total.update(f"{path.relative_to(folder).as_posix()}\0{durable.file_sha256(path)}\n".encode())
    return total.hexdigest()


def _loaded(folder: Path) -> tuple[Any, str, frozenset[str]]:
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    try:
        pipeline = spacy.load(folder, exclude=list(_LEFT_OUT))
    except (OSError, ValueError, KeyError, ImportError) as error:
        told = f"cannot be loaded: {str(error)[:200]}"
        raise _refused(told, "take a pipeline of the installed spaCy", folder) from None
    if not {"ner", "entity_ruler"} & set(pipeline.pipe_names):
        raise _refused("finds no names: it has no `ner`", "take a pipeline with named entities", folder)
    language = str(pipeline.lang)
    engine: Any = SpacyNlpEngine()
    engine.nlp = {language: pipeline}  # as loaded from the folder: the engine would load, or fetch, by name
    named = SpacyRecognizer(supported_language=language)
    registry = RecognizerRegistry(recognizers=[named], supported_languages=[language])
    analyzer = AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=[language])
    return analyzer, language, frozenset(pipeline.Defaults.stop_words)


def _names(text: str, start: int, end: int) -> Iterator[Span]:
    """What of a found piece can be a name: a few words, without digits, one of them not in small letters.

    One word alone is more often a brand, so it has to be a common first name.
    """
    piece = text[start:end]
    words = _WORD.findall(piece)
    if not 1 <= len(words) <= _MOST_WORDS or re.search(r"\d", piece) or all(word.islower() for word in words):
        return
    if len(words) == 1 and words[0].casefold() not in FIRST_NAMES:
        return
    first, last = piece.index(words[0]), piece.rindex(words[-1]) + len(words[-1])
    if (owner := re.search(r"['’]s$", piece[first:last])) is not None:
        last -= len(owner.group())
    if last - first > 1:
        yield Span("name", start + first, start + last, text[start + first : start + last])


def _refused(told: str, remedy: str, folder: Path, *more: str) -> SettingsError:
    return SettingsError(f"the name model {folder.name!r} {told}", key=(*KEY, *(more or ("path",))), remedy=remedy)
