"""What a model reads: one way to compose a prompt, used by tuning, judging and serving alike.

The system text comes from the spec (else from the row), the label list is added where the task says so, and the shots
stand between system text and question as earlier turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strop.records import Example, Message, Spec


def compose(spec: Spec, messages: Sequence[Message], shots: Sequence[Example] = ()) -> tuple[Message, ...]:
    """The messages that the model is shown for a row's ``messages``."""
    rest = [m for m in messages if m.role != "system"]
    own = next((m.content for m in messages if m.role == "system"), None)
    system = own if own is not None else spec.system
    if spec.settings.get("labels_in_prompt") and spec.labels:
        system = "\n".join(
            filter(None, [system, label_list(spec.labels, spec.settings.get("label_descriptions") or {})])
        )
    composed = [Message(role="system", content=system)] if system else []
    for shot in shots:
        composed += [m for m in shot.messages if m.role != "system"]
        composed.append(Message(role="assistant", content=shot.reference or ""))
    return tuple(composed + rest)


def label_list(labels: Sequence[str], descriptions: Mapping[str, str]) -> str:
    """The lines that name the allowed labels."""
    lines = [f"- {label}: {descriptions[label]}" if descriptions.get(label) else f"- {label}" for label in labels]
    return "Labels:\n" + "\n".join(lines)
