"""A decision in the forms that build servers and pull requests read: JUnit XML and Markdown."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from strop.decide.right import told
from strop.decide.words import behind, number
from strop.records import Check, Decision, shown

_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (section 2.2)."""
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+|<>~!&])")
_SIGNS = {"pass": "✔ pass", "fail": "✘ fail", "undecided": "? open", "missing": "? not measured"}


NO_CHECK = "A model was asked as a judge, and no check rests on it."
"""What always stands before a judge's word."""


def junit(decision: Decision, *, opinion: str = "") -> str:
    """The checks as test cases of one suite, for any reader of JUnit XML.

    A check that failed is a failure. One that stays open or was not measured is an error: nothing was shown against the
    candidate, and the build must not turn green all the same. ``opinion``: what a judge said, told beside the sentence.
    """
    failed = sum(check.verdict == "fail" for check in decision.checks)
    undecided = sum(check.verdict in ("undecided", "missing") for check in decision.checks)
    suite = ElementTree.Element(
        "testsuite", name=f"strop decide {decision.candidate}", tests=str(len(decision.checks)), failures=str(failed),
        errors=str(undecided), skipped="0", timestamp=decision.created[:19],
    )  # fmt: skip
    for check in decision.checks:
        case = ElementTree.SubElement(suite, "testcase", classname=f"strop.{decision.candidate}", name=check.name)
        told = _writable(_told(check))
        if check.verdict == "pass":
            ElementTree.SubElement(case, "system-out").text = told
        else:
            kind = "failure" if check.verdict == "fail" else "error"
            ElementTree.SubElement(case, kind, message=told, type=check.verdict).text = told
    said = [decision.sentence, *_labels(decision), *([f"{NO_CHECK} {opinion}"] if opinion else [])]
    ElementTree.SubElement(suite, "system-out").text = _writable("\n".join(said))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def markdown(decision: Decision, *, opinion: str = "") -> str:
    """The verdict in a sentence and its checks as a table, to be put under a pull request; then a judge's opinion."""
    lines = [
        f"**{_plain(decision.sentence)}**", "", *(line for one in _labels(decision) for line in (_plain(one), "")),
        "| check | verdict | value | against | on | |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for check in decision.checks:
        cells = (check.name, _SIGNS[check.verdict], _value(check), _margin(check), behind(check), check.detail)
        lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
    if opinion:
        lines += ["", _plain(f"{NO_CHECK} {opinion}")]
    what = f"{decision.id}, protocol {decision.protocol_hash}" + (f", {decision.digest}" if decision.digest else "")
    until = f", best before {decision.best_before}" if decision.best_before else ""
    used = f"use {decision.test_uses} of the sealed test set, α = {decision.alpha:g}{until}"
    lines += ["", f"{_plain(what)}: {used}.", ""]
    return "\n".join(lines)


def _labels(decision: Decision) -> list[str]:
    return [] if decision.right_labels is None else [f"{told(decision.right_labels)}."]


def _told(check: Check) -> str:
    against = f" against {_margin(check)}" if check.margin is not None else ""
    on = f" on {behind(check)}" if check.n is not None else ""
    return "; ".join(part for part in (f"{_value(check)}{against}{on}".strip(), check.detail) if part)


def _value(check: Check) -> str:
    if check.value is None:
        return ""
    if check.low is None or check.high is None:
        return f"{check.value:g}"  # a count
    return f"{number(check.value)} [{number(check.low)}, {number(check.high)}]"


def _margin(check: Check) -> str:
    if check.margin is None:
        return ""
    return f"{check.margin:g}" if check.value is not None and check.low is None else number(check.margin)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _plain(text: str) -> str:
    """Text that means nothing in Markdown: on one line, every sign of markup escaped."""
    return _MARKUP.sub(r"\\\1", " ".join(shown(text).split()))
