"""Ask a candidate: the same composed prompt as when it was judged, personal data masked on the way in."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from strop.engines import prompts
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.labels import Choice, chosen
from strop.project import known_names
from strop.project.opened import Opened
from strop.records import Candidate, Message, Record


class Reply(Record):
    """One answer; label probabilities and abstention where the task has labels."""

    input: str
    answer: str
    stopped: bool = True
    probabilities: dict[str, float] = Field(default_factory=dict)
    abstain: bool | None = None


def ask(project: Opened, candidate: Candidate, texts: Sequence[str], *, threshold: float | None) -> list[Reply]:
    """One reply a text, in order. ``threshold``: abstain below this probability (None: never)."""
    spec, shots = candidate.spec, project.shots_of(candidate)
    masker = known_names.masker(project)
    masked = [masker.mask(text) if masker else None for text in texts]
    asked = [m.text if m else text for m, text in zip(masked, texts, strict=True)]
    messages = [prompts.compose(spec, (Message(role="user", content=text),), shots) for text in asked]
    with project.model(candidate) as model:
        if spec.labels:
            scored = model.score(
                [ScoreRequest(messages=m, options=spec.labels) for m in messages], on_event=project.on_event
            )
            return [_label(text, chosen(spec.labels, s), threshold) for text, s in zip(texts, scored, strict=True)]
        limit = project.settings.task.max_new_tokens
        requests = [GenerateRequest(messages=m, max_new_tokens=limit) for m in messages]
        answers = model.generate(requests, on_event=project.on_event)
    replies = []
    for text, hidden, given in zip(texts, masked, answers, strict=True):
        shown = masker.unmask(given.text, hidden.originals) if masker and hidden else given.text
        replies.append(Reply(input=text, answer=shown, stopped=given.stopped))
    return replies


def _label(text: str, choice: Choice, threshold: float | None) -> Reply:
    table = choice.probabilities
    abstain = None if threshold is None or not table else table[choice.text] < threshold
    return Reply(input=text, answer=choice.text, probabilities=table, abstain=abstain)
