"""A decision and all that it was computed from in one file: it can be verified where its project is not."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from strop import decide, durable
from strop.errors import InputError
from strop.project.opened import Opened
from strop.project.verdicts import verifying
from strop.records import JSON, Decision

FORM = "strop evidence 1"
_EVIDENCE = TypeAdapter(decide.Evidence)


def write_evidence(project: Opened, decision: Decision, path: Path) -> None:
    """Write the decision with its protocol, reports, per-item results and what people said, as one JSON file.

    It holds the answers to the test items, not what was asked.
    """
    evidence = verifying.evidence_of(project, decision)
    body = {
        "form": FORM,
        "decision": decision.to_json(),
        "evidence": _EVIDENCE.dump_python(evidence, mode="json"),
    }
    durable.write_text(path, json.dumps(body, ensure_ascii=False) + "\n")


def names_file(told: str) -> bool:
    """Whether a place is meant and not a decision's id: by how it is spelled, or since something lies there."""
    if told == "decision" or told.startswith("dec_"):
        return told.endswith(".json")
    return "/" in told or bool(Path(told).suffix) or Path(told).exists()


def verify_evidence(path: Path, *, digest: str | None = None) -> list[str]:
    """What the decision in a file says that the evidence beside it does not give; empty when it stands.

    What was looked up rather than measured (leaks, personal data, how often the test set was opened) is taken as told;
    answers are not scored again, nor rows cut into parts again: the file does not hold what was asked.

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
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        remedy = "name a decision, or a file that strop verify DECISION --evidence FILE wrote"
        raise InputError(f"holds no evidence of a decision ({_why(error)})", source=path, remedy=remedy) from error
    found = [*decide.verify(decision, evidence), *verifying.renamed(evidence), *verifying.other_candidate(evidence)]
    return found + verifying.other_digest(decision, evidence, printed=digest)


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
