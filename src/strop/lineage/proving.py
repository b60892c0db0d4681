"""A scan as proof: the forgotten text is in no file and no table of the project's state any more."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from strop.lineage.selecting import Selected, Worded, everything, select, strings, texts
from strop.records import Interaction, Record
from strop.store import Store

LEAST = 8
"""Characters that a text must have to be told from chance in the bytes of a file."""
WINDOW = 40


class Proof(Record):
    """What was searched and where something was found; ``places`` is empty when the text is gone."""

    pieces: int
    files: int
    bytes: int
    rows: int
    places: tuple[str, ...]
    not_searched: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.places


def needles(store: Store, selected: Selected) -> tuple[str, ...]:
    """Pieces of text that only the selected records hold: what others say as well (a label, a rule) is not theirs.

    Of a long text up to three pieces that nobody else wrote, from its beginning, middle and end: a database spreads a
    long text over pages, so the whole of it is in no one place. What a model answered to others does not count as said:
    it may be repeating.
    """
    theirs = set(selected.ids)
    others = "\x00".join(words for record in everything(store) if record.id not in theirs for words in said(record))
    mine = dict.fromkeys(words.strip() for record in selected.records for words in texts(record))
    found = dict.fromkeys(selected.values)
    for words in mine:
        if len(words) >= LEAST and words not in others:
            found |= dict.fromkeys(_pieces(words, others))
    return tuple(found)


def said(record: Worded) -> Iterator[str]:
    """The texts that people wrote."""
    if isinstance(record, Interaction):
        return (message.content for message in record.messages)
    return texts(record)


def forms(piece: str) -> set[bytes]:
    """A piece as it may stand in a file: plain, or as JSON in either spelling."""
    spellings = {piece, json.dumps(piece, ensure_ascii=False)[1:-1], json.dumps(piece)[1:-1]}
    return {spelling.encode("utf-8", "surrogatepass") for spelling in spellings}


def holds(path: Path, pieces: Sequence[str]) -> bool:
    """Whether any of ``pieces`` is in the file. In binary files, short ones do not count: chance writes them."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        binary = content.find(b"\x00", 0, 8192) >= 0
        wanted = (piece for piece in pieces if len(piece) >= LEAST or not binary)
        return any(content.find(form) >= 0 for piece in wanted for form in forms(piece))


def prove(store: Store, folder: Path, pieces: Sequence[str]) -> Proof:
    """Search every file under ``folder`` (``.strop``) and every row of the tables for ``pieces``."""
    places: list[str] = []
    files = size = rows = 0
    # Closing any descriptor of a file drops all locks that this process holds on it (POSIX), SQLite's with them: so no
    # connection may be open while the database's own files are read. The next query opens one again.
    store.close()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        files += 1
        size += path.stat().st_size
        if holds(path, pieces):
            places.append(path.relative_to(folder).as_posix())
    every = [form for piece in pieces for form in forms(piece)]
    for place, body in store.erasure.text():
        rows += 1
        data = body.encode("utf-8", "surrogatepass")
        if any(form in data for form in every):
            places.append(place)
    server = () if store.database.url.get_backend_name() == "sqlite" else ("the database server's own files",)
    return Proof(pieces=len(pieces), files=files, bytes=size, rows=rows, places=tuple(places), not_searched=server)


def search(store: Store, folder: Path, selector: str) -> Proof:
    """The search for a selector that names no record: a person's values as they are, a pattern in every text.

    Nothing is erased: what is found are leftovers, such as a file that quotes a row that was dropped.
    """
    selected = select(store, selector)
    found = prove(store, folder, needles(store, selected))
    if not selector.startswith("pattern:"):
        return found
    pattern = re.compile(selector.removeprefix("pattern:"))
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in _TEXTS]
    places = [path.relative_to(folder).as_posix() for path in paths if any(map(pattern.search, _strings_in(path)))]
    rest = f"{found.files - len(paths)} files that are no text (the tables were read, row by row)"
    return found.model_copy(update={"pieces": 1, "places": tuple(places), "not_searched": (*found.not_searched, rest)})


_TEXTS = (".json", ".jsonl", ".txt", ".csv", ".log", "")


def _strings_in(path: Path) -> Iterator[str]:
    """The texts of a file, as they were before they were written as JSON."""
    for line in path.read_bytes().splitlines():
        said = line.decode("utf-8", "replace")
        try:
            yield from strings(json.loads(said))
        except (ValueError, RecursionError):
            yield said


def _pieces(words: str, others: str) -> list[str]:
    starts = range(0, max(1, len(words) - WINDOW + 1), WINDOW // 2)
    own = [piece for start in starts if (piece := words[start : start + WINDOW]) not in others]
    return [own[0], own[len(own) // 2], own[-1]] if own else [words]
