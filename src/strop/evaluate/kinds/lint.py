"""Findings of ruff in an answer's own lines. Ruff reads text and runs nothing of it."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from strop.errors import SettingsError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.code import code_of, program_of
from strop.evaluate.measures import COUNTED, Measure
from strop.records import Example

NAME = "lint_per_100_lines"
_SECONDS = 30


@functools.cache
def _ruff() -> str | None:
    """Ruff beside this Python, else on the path."""
    return shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")


@functools.cache
def _version(ruff: str) -> str:
    return subprocess.run([ruff, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]  # noqa: S603


def why_not_linted() -> str:
    """Why nothing was found out, for the report."""
    return "no answer compiles" if _ruff() else "ruff is not installed: pip install ruff"


def lint(project: Path) -> Measure:
    """The measure of findings, by the project's ``ruff.toml`` or ruff's own rules."""
    rules = project / "ruff.toml"
    how = ["--config", str(rules)] if rules.is_file() else ["--isolated"]

    def score(example: Example, answer: Answer) -> float | None:
        """100 · findings / lines that are not empty, an answer: by the project's ``ruff.toml``, else ruff's rules.

        Only the answer's own lines count, and comments that silence findings do not. An answer that does not compile
        has no value: ``compiles`` counts it.
        """
        program = program_of(example, answer)
        ruff = _ruff()
        if program is None or ruff is None:
            return None
        own = sum(bool(line.strip()) for line in code_of(answer.text).splitlines())
        first = len(program.splitlines()) - len(code_of(answer.text).splitlines()) + 1
        found = [line for line in findings(ruff, program, how) if line >= first]
        return 100 * len(found) / own if own else None

    settings = {"linter": f"ruff {_version(ruff)}" if (ruff := _ruff()) else "none"}
    if rules.is_file():
        settings["rules"] = hashlib.sha256(rules.read_bytes()).hexdigest()[:12]
    return Measure(NAME, "mean", score, higher_is_better=False, settings=settings, limits=COUNTED)


def findings(ruff: str, program: str, how: list[str]) -> list[int]:
    """The lines of a program in which ruff finds something, once a finding.

    Raises:
        SettingsError: when ruff cannot work with the project's ``ruff.toml``.
    """
    command = [ruff, "check", *how, "--ignore-noqa", "--no-cache", "--quiet", "--exit-zero", "--output-format", "json"]
    ran = subprocess.run(  # noqa: S603 - a list, no shell
        [*command, "--stdin-filename", "answer.py", "-"],
        input=program.rstrip("\n") + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if ran.returncode:
        reason = next((line for line in ran.stderr.splitlines() if line.strip()), "it said nothing")
        raise SettingsError(f"ruff does not work: {reason}", remedy="mend ruff.toml, or remove it")
    said: list[dict[str, Any]] = json.loads(ran.stdout)
    return [finding["location"]["row"] for finding in said]
