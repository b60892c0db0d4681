"""Commands in what is printed, as they have to be typed where the last one was typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

OF_A_PROJECT = (
    "ask", "choose", "compare", "curate", "curated-vs-raw", "cycle", "decide", "evaluate", "export", "feedback",
    "forget", "learning-curve", "list", "monitor", "people", "promote", "review", "rollback", "serve", "show", "tune",
    "verify",
)  # fmt: skip
"""The commands that look into a project's folder."""
_WORD = r"""(?:'[^']*'|"[^"]*"|\S)+"""
_COMMAND = re.compile(rf"\bstrop (?=(?:--set {_WORD} )*(?:{'|'.join(OF_A_PROJECT)})\b)")


def as_typed(text: str, project: Path | None) -> str:
    """The text, with the project named in every command; ``project``: its folder, None where it is the current one."""
    if project is None:
        return text
    named = f"strop --project {shlex.quote(str(project))} "
    return _COMMAND.sub(lambda _: named, text)
