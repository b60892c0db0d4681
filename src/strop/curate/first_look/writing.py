"""A look as strop.yaml: short, commented, and valid as it stands."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from strop.curate.first_look.looking import Look

_PLAIN = re.compile(r"[A-Za-z/][\w ./,()'-]*[\w.)']\Z|[A-Za-z]\Z")
_UNREADABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
"""Signs that YAML does not take as they are."""
_SOME, _FEW, _ENOUGH = 100, 1000, 200
"""From how many rows to how many it is worth its trainings to test each of them, unless so many test rows are given."""
_NO_TARGET = (
    "# (No target is set: a verdict then says no more than: better than the cheaper rungs, and than an answer that",
    "# takes no model. If there is a level below which nobody could use it, name the measure with that target.)",
)
_WORDS = {"yes", "no", "true", "false", "null", "on", "off", "y", "n", "none"}


def as_settings(look: Look, project: Path | None = None) -> str:
    """A commented, minimal strop.yaml that runs as it is; paths inside ``project`` are written relative to it."""
    lines = ["# Read off the data; change what you know better. `strop doctor` prints all defaults.", "task:"]
    lines.append(f"  name: {scalar(look.name)}")
    lines.append(f"  kind: {look.kind}  # {look.because}")
    if look.system is not None:
        lines += _text("  system", look.system)
    if look.kind == "classification":
        lines.append(f"  labels: {{from: data}}  # {len(look.labels)} now: {_some(look.labels)}")
    if look.style is not None:
        lines.append(f"  style: {scalar(_shown(look.style, project))}")
    lines.append(f"  max_new_tokens: {look.max_new_tokens}")
    lines.append("data:")
    lines.append("  sources:")
    for source in look.sources:
        path = scalar(_shown(source.path, project))
        told = f"  # {source.rows} row{'s' * (source.rows != 1)}" + (
            "" if source.layout.encoding in ("utf-8", "binary") else f", {source.layout.encoding}"
        )
        lines.append(f"    - {{path: {path}, split: {source.split}}}{told}" if source.split else f"    - {path}{told}")
    named = {
        name: value
        for name in ("input", "output", "system", "context", "group", "time", "id")
        if (value := getattr(look.columns, name)) is not None
    }
    if named or look.slices:
        parts = [f"{name}: {scalar(value)}" for name, value in named.items()]
        if look.slices:
            parts.append(f"slices: [{', '.join(scalar(name) for name in look.slices)}]")
        lines.append(f"  columns: {{{', '.join(parts)}}}")
    lines.append("  personal_data: mask  # or refuse, keep")
    given = {source.split for source in look.sources}
    shares = [f"{name}: {share}" for name, share in (("validation", 0.1), ("test", 0.2)) if name not in given]
    if shares:
        lines.append(f"  splits: {{{', '.join(shares)}}}  # of the rows; groups and near duplicates stay together")
    longest = look.max_tokens
    if longest != 1024:
        lines.append(f"  max_tokens: {longest}  # prompt and answer; longer rows are quarantined")
    lines += [
        "tune:",
        "  base_kl: 1  # hold tuned models close to their base on neutral text: less is forgotten; 0: off",
    ]
    lines += [f"  max_length: {longest}"] if longest != 1024 else []
    tested = sum(source.rows for source in look.sources if source.split == "test")
    crossed = tested < _ENOUGH and _SOME <= sum(source.rows for source in look.sources) <= _FEW
    if crossed:
        lines += [
            "decision:",
            "  # primary: {MEASURE: {target: 0.9, margin: 0.02}}",
            *(f"  {line}" for line in _NO_TARGET),
            "  cross_fit: 5  # few rows: those of training are tested, too, by 5 further models; null: they are not",
        ]
    else:
        lines.append("# decision: {primary: {MEASURE: {target: 0.9, margin: 0.02}}}")
        lines += _NO_TARGET
    lines += [f"# {note}" for note in look.notes]
    return _UNREADABLE.sub("\ufffd", "\n".join(lines)) + "\n"  # what is left of them stands in comments


def scalar(text: str) -> str:
    """A text as one YAML scalar, quoted only where it must be."""
    plain = _PLAIN.match(text) and text.casefold() not in _WORDS and ", " not in text and " #" not in text
    quoted = json.dumps(text, ensure_ascii=False)
    return text if plain else _UNREADABLE.sub(lambda sign: json.dumps(sign[0])[1:-1], quoted)


def _shown(path: Path, project: Path | None) -> str:
    whole, folder = path.resolve(), project.resolve() if project is not None else None
    return os.path.relpath(whole, folder) if folder is not None and whole.is_relative_to(folder) else str(whole)


def _text(key: str, text: str) -> list[str]:
    if "\n" in text and not _UNREADABLE.search(text) and not re.search(r"[^\S\n ]|\s\n|\n\Z|\A\s", text):
        return [f"{key}: |-", *(f"    {line}" if line else "" for line in text.split("\n"))]
    return [f"{key}: {scalar(text)}"]


def _some(labels: tuple[str, ...]) -> str:
    shown = ", ".join(" ".join(label.split()) for label in labels[:4])
    return shown + (", …" if len(labels) > 4 else "")
