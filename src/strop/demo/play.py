"""Play the shipped scenario: an outdoor shop that turns attributes into descriptions in its house style.

First half: raw rows to a verdict. Second half: what was promoted serves simulated visitors, two new product families
and a new wording rule appear, an editor corrects 60 answers, monitoring advises a turn, the next one is decided on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from strop import demo, durable, loop, project
from strop.engines import bases
from strop.errors import UserError
from strop.records import Dataset, Decision, Interaction, Ladder, Listener, Message, Progress, Record, Release, Said
from strop.serve import Asked
from strop.settings import FILE, cache_folder

Engine = Literal["torch", "fake"]
_BASES: dict[Engine, str] = {"torch": "smollm2-135m-instruct", "fake": "fake-small"}
_AT_ONCE = 48
"""Visitors who wait at the same time: fewer than the gateway's queue holds."""


class Played(Record):
    """One turn of the demo with what came of it: the release, and what monitoring saw afterwards."""

    turn: loop.Turn
    release: Release | None = None
    findings: tuple[str, ...] = ()


def play(folder: Path, *, engine: Engine, quick: bool, on_event: Listener) -> tuple[project.Project, list[Played]]:
    """Both turns in ``folder``. Killed anywhere, the same call goes on where it stopped.

    ``quick`` takes 80 rows, 40 test items and a quarter of the visitors, and may honestly end in "not enough evidence":
    nothing is served then.
    """
    opened = prepare(folder, engine=engine, quick=quick, on_event=on_event)
    first = _first_turn(opened) or loop.turn(opened)
    if first.decision.verdict != "promote":
        on_event(Said(text="Nothing may go live, so nothing is served: the second half of the demo is left out."))
        return opened, [Played(turn=first)]
    serving = [r for r in opened.store.all(Release) if r.candidate is not None]
    release = serving[-1] if serving else opened.promote(first.decision.candidate, by="demo")
    corrected = _visit(opened, on_event, every=4 if quick else 1)
    watched = opened.monitor()
    sentences = tuple(finding.sentence for finding in watched.findings)
    played = [Played(turn=first, release=release, findings=sentences)]
    if corrected and (watched.retrain or opened.waiting_corrections()):
        # The shop's new wording rule comes into force with the next turn.
        durable.write_bytes(folder / "data" / "style_guide.json", _later("style_guide_v2.json"))
        on_event(Said(text="Monitoring advises a turn: " + " ".join(watched.because or sentences)))
        made = loop.cycle(project.open(folder, on_event=on_event))
        played.append(Played(turn=made.turn, release=made.release))
    return opened, played


def _first_turn(opened: project.Project) -> loop.Turn | None:
    """The first turn, once something was released from it: rows that came later do not change it."""
    releases = opened.store.all(Release)
    if not releases:
        return None
    decision = opened.store.all(Decision)[-1]
    ladders = [one for one in opened.store.all(Ladder) if one.dataset == decision.dataset]
    return loop.Turn(dataset=opened.store.get(decision.dataset, Dataset), ladder=ladders[-1], decision=decision)


def prepare(folder: Path, *, engine: Engine, quick: bool, on_event: Listener) -> project.Project:
    """The demo's project, made where it is not there yet; its base fetched once, which is said."""
    if folder.exists() and any(folder.iterdir()) and not ((folder / FILE).exists() or (folder / "data").exists()):
        raise UserError("is not empty and no strop project", place=str(folder), remedy="name another folder")
    base = _BASES[engine]
    if base not in {known.name for known in bases.at_hand(cache_folder())}:
        on_event(Said(text=f"The base {base} is not at hand yet: fetching it once (about 100 MB) …"))
        bases.add(cache_folder(), base, accept_licence=None, on_event=on_event)
    if not (folder / FILE).exists():
        demo.write_project_data(folder, quick=quick)
        # The settings come last: a folder without them is unfinished and is filled again.
        durable.write_text(folder / FILE, demo.settings(base, quick=quick))
    return project.open(folder, on_event=on_event)


def _later(name: str) -> bytes:
    return (demo.data_folder() / "later" / name).read_bytes()


def _visit(opened: project.Project, on_event: Listener, *, every: int) -> int:
    """Simulated visitors ask, week by week; then an editor's corrections come in as reviews. Returns how many.

    ``every``: of so many visitors one comes.
    """
    traffic = [json.loads(line) for line in _later("traffic.jsonl").splitlines()][::every]
    corrections = {row["traffic"]: row for row in map(json.loads, _later("corrections.jsonl").splitlines())}
    known = {_asked(one.messages) for one in opened.store.all(Interaction) if one.complete}
    on_event(Said(text=f"Serving {len(traffic)} simulated visitors …"))
    gateway = opened.gateway()
    try:
        fresh = [row for row in traffic if row["messages"][-1]["content"] not in known]
        for start in range(0, len(fresh), _AT_ONCE):
            batch = [gateway.ask(_request(opened, row)) for row in fresh[start : start + _AT_ONCE]]
            for future in batch:
                future.result()
            on_event(Progress(task="serving", done=min(start + _AT_ONCE, len(fresh)), total=len(fresh)))
    finally:
        gateway.close()
    corrected = 0
    asked_for = {_asked(one.messages): one for one in opened.store.all(Interaction)}
    for row in traffic:
        correction = corrections.get(row["meta"]["id"])
        answered = asked_for.get(row["messages"][-1]["content"])
        if correction and answered is not None:
            text = correction["correction"]
            opinion = "good" if text == answered.answer else "fix"
            opened.review(answered.id, opinion=opinion, correction=text if opinion == "fix" else None, by="editor")
            corrected += 1
    return corrected


def _request(opened: project.Project, row: dict[str, Any]) -> Asked:
    messages = tuple(Message(**turn) for turn in row["messages"])
    return Asked(opened.settings.task.name, messages, row["meta"]["session"], opened.settings.task.max_new_tokens)


def _asked(messages: tuple[Message, ...]) -> str:
    return messages[-1].content
