"""Rows in doubt as files to be filled in: own JSONL, Label Studio, Argilla; with the guidelines to judge by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from strop import durable
from strop.errors import InputError
from strop.project.clean import only_clean, strings
from strop.project.opened import Opened
from strop.project.rows.doubtful import OPINIONS, DoubtfulRow
from strop.project.texts import read_text
from strop.records import JSON
from strop.settings import named_file

FORMATS = ("jsonl", "labelstudio", "argilla")
LABEL_STUDIO = f"""<View>
  <Text name="question" value="$question"/>
  <Text name="because" value="$because"/>
  <TextArea name="correction" toName="question" editable="true" maxSubmissions="1"/>
  <Choices name="opinion" toName="question">
{chr(10).join(f'    <Choice value="{opinion}"/>' for opinion in OPINIONS)}
  </Choices>
</View>
"""
"""What a project in Label Studio has to hold for the rows."""
_SHOWN = ("question", "answer", "because")
_LOOKED = {"question": "question", "answer": "answer", "because": "reason", "said": "what people said"}
_METADATA = ("place", "split", "fault", "score", "effect", "guidelines")
"""What stands beside a record in Argilla; rows are ranked by the effect."""


class Guidelines(NamedTuple):
    """How to judge, as a person reads it, and the hash under which this version of it is kept."""

    text: str
    hash: str


def guidelines(project: Opened) -> Guidelines | None:
    """What strop.yaml names, kept with the project, so that a judgement's hash can be read years later.

    Raises InputError where the file cannot be read.
    """
    name = project.settings.review.guidelines
    if name is None:
        return None
    text = read_text(named_file(project.folder, name, key="review.guidelines"))
    return Guidelines(text, project.store.artifacts.put_bytes(text.encode("utf-8")))


def export_rows(
    project: Opened, rows: Sequence[DoubtfulRow], to: str, path: Path, by: Guidelines | None = None
) -> list[Path]:
    """Write rows to be judged, and beside them the guidelines and what the tool has to be set up with; the files.

    Raises InputError for an unknown format, and where a row still holds personal data.
    """
    if to not in FORMATS:
        raise InputError(f"no format is called {to}", remedy=f"one of {', '.join(FORMATS)}")
    written = [path]
    items = [one.to_json() | ({"guidelines": by.hash} if by else {}) for one in rows]
    only_clean(project, strings(list[JSON](items), _LOOKED), "rows")
    if to == "jsonl":
        lines = [{**item, "opinion": None, "correction": None} for item in items]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    else:
        make = _task if to == "labelstudio" else _record
        told = [item | {"because": _why(one)} for item, one in zip(items, rows, strict=True)]
        text = json.dumps([make(item) for item in told], ensure_ascii=False, indent=1)
    durable.write_text(path, text)
    beside = {
        ".xml": _label_studio(by) if to == "labelstudio" else "",
        ".settings.json": _argilla_settings(by) if to == "argilla" else "",
        ".guidelines.md": by.text if by else "",
    }
    for ending, content in beside.items():
        if content:
            written.append(path.with_name(path.stem + ending))
            durable.write_text(written[-1], content)
    return written


def _label_studio(by: Guidelines | None) -> str:
    """The labelling form, with the guidelines above the question: a heading a line, since attributes fold line ends."""
    lines = by.text.splitlines() if by else []
    printable = ("".join(sign for sign in line if sign.isprintable()).strip() for line in lines)
    plain = filter(None, printable)  # XML holds no other signs
    # A value that begins with $ would be read as the name of a field.
    shown = [
        f'  <Header size="5" value={quoteattr(line.replace("$", " $", line.startswith("$")))}/>\n' for line in plain
    ]
    return LABEL_STUDIO.replace("<View>\n", "<View>\n" + "".join(shown), 1)


def _argilla_settings(by: Guidelines | None) -> str:
    """What a dataset in Argilla (2 and later) has to hold for the rows, as its ``settings.json``."""
    text = {"type": "text", "use_markdown": False}
    options = [{"value": opinion, "text": opinion, "description": None} for opinion in OPINIONS]
    fields = [{"name": name, "title": name, "required": True, "settings": text} for name in _SHOWN]
    asked = {"opinion": {"type": "label_selection", "options": options, "visible_options": None}, "correction": text}
    questions = [
        {"name": name, "title": name, "description": None, "required": name == "opinion", "settings": settings}
        for name, settings in asked.items()
    ]
    settings = {
        "guidelines": by.text if by else None,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "fields": fields,
        "questions": questions,
        "metadata": [],
    }
    return json.dumps(settings, ensure_ascii=False, indent=1) + "\n"


def _why(row: DoubtfulRow) -> str:
    """What a doubt rests on, and the rows that speak for it: such a tool shows texts alone."""
    questions = [f"{other.question}\n→ " if other.question != row.question else "" for other in row.related]
    others = zip(row.related, questions, strict=True)
    return "\n\n".join([row.because, *(f"{other.place}\n{asked}{other.answer}" for other, asked in others)])


def _task(item: dict[str, JSON]) -> dict[str, JSON]:
    value = {"text": [item["answer"]]}
    shown = {"from_name": "correction", "to_name": "question", "type": "textarea", "value": value}
    return {"data": item, "predictions": [{"result": [shown]}]}


def _record(item: dict[str, JSON]) -> dict[str, JSON]:
    fields = {name: item[name] for name in _SHOWN}
    told = {name: item[name] for name in _METADATA if item.get(name) is not None}
    suggested = {"correction": {"value": item["answer"]}}
    return {"id": item["id"], "fields": fields, "metadata": told, "suggestions": suggested}
