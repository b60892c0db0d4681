"""A Modelfile: how Ollama shows a conversation to exported weights, so that they read what they were tuned on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from strop.engines.base import Turns
from strop.errors import UserError
from strop.records import Message

_QUOTES = '"""'


def modelfile(turns: Turns, before: Sequence[Message], *, source: str, longest: int, context: int, licence: str) -> str:
    """The file.

    Args:
        turns: what the base's chat template writes around each turn.
        before: what stands before a question: the system text, and examples.
        source: the weights, seen from the Modelfile.
        longest: most tokens of an answer.
        context: tokens that must fit; Ollama cuts off what does not, without a word.
        licence: of the base.
    Raises:
        UserError: where a text holds three quotes in a row, which a Modelfile cannot hold.
    """
    lines = [f"FROM {source}", f"TEMPLATE {_quoted(template(turns))}"]
    for turn in before:
        name = "SYSTEM" if turn.role == "system" else f"MESSAGE {turn.role}"
        lines.append(f"{name} {_quoted(turn.content)}")
    # Greedy, as it was judged. Ollama's own defaults draw answers, and punish words that were said before.
    lines += ["PARAMETER temperature 0", "PARAMETER repeat_penalty 1", f"PARAMETER num_predict {longest}"]
    lines += [f"PARAMETER num_ctx {context}", f'PARAMETER stop "{turns.stop}"', f"LICENSE {_quoted(licence)}"]
    return "\n".join(lines) + "\n"


def template(turns: Turns) -> str:
    """The chat template in the language of Go's templates. No sign that trims: every space and line end counts."""
    said = [
        f'{{{{ {"if" if number == 0 else "else if"} eq .Role "{role}" }}}}'
        f"{_plain(turns.before[role])}{{{{ .Content }}}}{_plain(turns.after[role])}"
        for number, role in enumerate(("system", "user", "assistant"))
    ]
    unasked = f"{{{{ if not .System }}}}{_plain(turns.unasked)}{{{{ end }}}}" if turns.unasked else ""
    body = f"{{{{ range .Messages }}}}{''.join(said)}{{{{ end }}}}{{{{ end }}}}"
    return f"{_plain(turns.begin)}{unasked}{body}{_plain(turns.answer)}"


def _plain(text: str) -> str:
    """Text that a Go template writes as it stands."""
    return re.sub(r"\{\{", '{{ "{{" }}', text)


def _quoted(text: str) -> str:
    if _QUOTES in text or text.endswith('"'):
        raise UserError("a Modelfile cannot hold a text with three quotes in a row, or a quote at its end",
                        remedy="change the system text, or export as merged")  # fmt: skip
    return f"{_QUOTES}{text}{_QUOTES}"
