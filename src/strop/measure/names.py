"""How people call measures. Settings, records and JSON keep the machine's names; what people read comes from here."""

from __future__ import annotations

_CALLED = {
    "brier": "Brier score",
    "entity_f1_partial": "partial entity F1",
    "p95_ms": "p95 latency",
    "rouge_l": "ROUGE-L",
    "valid_json": "valid JSON",
}


def display_name(name: str) -> str:
    """``macro_f1`` as ``macro F1``, ``rouge_l`` as ``ROUGE-L``; any other name with spaces between its words."""
    return _CALLED.get(name) or " ".join("F1" if word == "f1" else word for word in name.split("_"))
