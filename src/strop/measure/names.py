"""How people call measures. Settings, records and JSON keep the machine's names; what people read comes from here."""

from __future__ import annotations

_CALLED = {
    "aurc": "area under risk and coverage",
    "bleu": "BLEU",
    "brier": "Brier score",
    "chrf": "chrF",
    "ece": "calibration error",
    "entity_f1_exact": "exact entity F1",
    "entity_f1_partial": "partial entity F1",
    "entity_f1_type": "overlapping entity F1",
    "flesch_kincaid_grade": "Flesch-Kincaid grade",
    "flesch_reading_ease": "Flesch reading ease",
    "json_schema": "JSON schema",
    "lix": "LIX",
    "matthews": "Matthews correlation",
    "p95_ms": "p95 latency",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "valid_json": "valid JSON",
}


def display_name(name: str) -> str:
    """``macro_f1`` as ``macro F1``, ``rouge_l`` as ``ROUGE-L``; any other name with spaces between its words.

    What follows a dot is a part of the items: ``entity_f1.Drug`` is ``entity F1 (Drug)``.
    """
    name, dot, part = name.partition(".")
    if dot:
        return f"{display_name(name)} ({part})"
    return _CALLED.get(name) or " ".join("F1" if word == "f1" else word for word in name.split("_"))
