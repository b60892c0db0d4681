"""A decision and all that it was computed from in one file: it can be verified where its project is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from strop import decide, durable
from strop.errors import InputError
from strop.project.clean import hiding
from strop.project.opened import Opened
from strop.project.verdicts import verifying
from strop.records import JSON, Decision, ItemResult

FORM = "strop evidence 1"
_EVIDENCE = TypeAdapter(decide.Evidence)


def write_evidence(project: Opened, decision: Decision, path: Path) -> None:
    """Write the decision with its protocol, reports, per-item results and what people said, as one JSON file.

    It holds the answers to the test items, not what was asked. Personal data in answers is masked, also what a model
    made up: reports of which that changed an answer are named under ``masked``.

    Raises:
        SettingsError: where the name model that strop.yaml asks for cannot be used.
        InputError: where the masked answers would not give the verdict again.
    """
    full = verifying.evidence_of(project, decision)
    hide = hiding(project, full.dataset.labels)
    evidence = _each(full, lambda items: _masked(items, hide))
    masked = [arm.report.id for arm, own in zip(evidence.arms, full.arms, strict=True) if arm.items != own.items]
    if masked and decide.verify(decision, evidence) != decide.verify(decision, full):
        raise InputError(
            "two answers that differ in a piece of personal data alone are one when it is masked, and then the "
            "verdict cannot be made again from them; nothing was written",
            remedy="verify it where its project is: strop verify; or let it leave: data.personal_data: keep",
        )
    evidence = replace(evidence, constant_items=_unasked(evidence))
    body = {
        "form": FORM,
        "decision": decision.to_json(),
        "evidence": _EVIDENCE.dump_python(evidence, mode="json"),
    }
    if masked:
        body["masked"] = sorted(set(masked))
    durable.write_text(path, json.dumps(body, ensure_ascii=False) + "\n")


def _each(
    evidence: decide.Evidence, change: Callable[[Sequence[ItemResult]], tuple[ItemResult, ...]]
) -> decide.Evidence:
    """The evidence with all per-item results changed, wherever they stand."""

    def changed(value: Any) -> Any:
        if isinstance(value, decide.Arm):
            return replace(value, items=change(value.items))
        if isinstance(value, tuple) and value and isinstance(value[0], decide.Arm):
            return tuple(map(changed, value))
        return change(value) if isinstance(value, tuple) and value and isinstance(value[0], ItemResult) else value

    return replace(evidence, **{field.name: changed(getattr(evidence, field.name)) for field in fields(evidence)})


def _masked(items: Sequence[ItemResult], hide: Callable[[str], str]) -> tuple[ItemResult, ...]:
    """The results without personal data in what was answered, or should have been; those without any as they are."""
    found = []
    for item in items:
        texts = {"answer": hide(item.answer), "gold": hide(item.gold) if item.gold is not None else None}
        drawn = tuple(map(hide, item.drawn))
        same = drawn == item.drawn and all(getattr(item, name) == text for name, text in texts.items())
        found.append(item if same else item.model_copy(update={**texts, "drawn": drawn}))
    return tuple(found)


def _unasked(evidence: decide.Evidence) -> tuple[ItemResult, ...] | None:
    """What takes no model, without its answer where that is the input handed back: what was asked does not leave."""
    given = evidence.constant_items
    return given and tuple(item if item.label is not None else item.model_copy(update={"answer": ""}) for item in given)


def names_file(told: str) -> bool:
    """Whether a place is meant and not a decision's id: by how it is spelled, or since something lies there."""
    if told == "decision" or told.startswith("dec_"):
        return told.endswith(".json")
    return "/" in told or bool(Path(told).suffix) or Path(told).exists()


def verify_evidence(
    path: Path, *, digest: str | None = None, say: Callable[[str], None] = lambda text: None
) -> list[str]:
    """What the decision in a file says that the evidence beside it does not give; empty when it stands.

    What was looked up rather than measured (leaks, personal data, how often the test set was opened) is taken as told;
    answers are not scored again, nor rows cut into parts again: the file does not hold what was asked. ``say`` hears
    which reports' names cannot be made again, since personal data in their answers was masked: their figures are held
    against the decision and its digest all the same.

    Raises:
        InputError: for a file that is none of these.
    """
    try:
        body = json.loads(path.read_text("utf-8"))
        if body["form"] != FORM:
            raise ValueError(f"its form is {body['form']!r}, not {FORM!r}")
        if edited := _edited(body["decision"]):
            return [f"{path}: {edited}"]
        decision = Decision.model_validate(body["decision"])
        evidence = _EVIDENCE.validate_python(body["evidence"])
        masked = _named(body.get("masked", []))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        remedy = "name a decision, or a file that strop verify DECISION --evidence FILE wrote"
        raise InputError(f"holds no evidence of a decision ({_why(error)})", source=path, remedy=remedy) from error
    if masked:
        say(f"Not named again: {', '.join(sorted(masked))}, of which answers were masked in this file.")
    renamed = verifying.renamed(evidence, masked)
    found = [*decide.verify(decision, evidence), *renamed, *verifying.other_candidate(evidence)]
    return found + verifying.other_digest(decision, evidence, printed=digest)


def _named(value: JSON) -> Collection[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("masked: not a list of reports")
    return {str(name) for name in value}


def _why(error: Exception) -> str:
    """What is wrong with a file, in a few words."""
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}"
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"it is no JSON: {error}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return " ".join(str(error).split())[:200] if isinstance(error, ValueError) else "it is no JSON object"


def _edited(decision: JSON) -> str:
    """What is no decision any more, of what a file of this form says is one; empty where it can be read."""
    try:
        Decision.model_validate(decision)
    except ValidationError as error:
        fault = error.errors()[0]
        if fault["type"] != "extra_forbidden":  # which a newer strop may have written
            place = ".".join(map(str, ("decision", *fault["loc"])))
            return (
                f"the decision does not match its hash: it was changed since it was written ({place}: {fault['msg']})"
            )
    return ""
