"""The documents say what is so: every command and option in them exists, every relative link leads to a file."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from strop.cli.app import app
from strop.cli.running import load_commands

ROOT = Path(__file__).parent.parent
TYPED = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]
LINKED = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_ENDS = {"|", "||", "&&", ";", ">", ">>", "&"}


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of every ``strop …`` command in fenced blocks and in code spans of more than one word."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```[^\n]*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += [" ".join(span.split()) for span in re.findall(r"`(strop [^`]+)`", rest)]
    for line in (line.strip() for line in lines if line.strip().startswith("strop ")):
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in _ENDS:
                words.append(word)
                continue
            if words[:1] == ["strop"] and len(words) > 1:
                yield words
            words = []


def fault_in(words: list[str]) -> str:
    """What of a command does not exist; empty when all of it does."""
    load_commands()
    command: Any = typer.main.get_command(app)
    left = words[1:]
    while left:
        word = left.pop(0)
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            option = next((p for p in command.params if name in (*p.opts, *p.secondary_opts)), None)
            if option is None and name not in ("--help", "-h"):
                return f"{command.name or 'strop'} has no option {name}"
            if option is not None and not option.is_flag and "=" not in word:
                if not left:
                    return f"{name} needs a value"
                left.pop(0)
        elif hasattr(command, "commands"):
            if word not in command.commands and not re.fullmatch(r"[A-Z]+|…", word):
                return f"{command.name or 'strop'} has no command {word}"
            if word not in command.commands:
                return ""  # a placeholder: "strop COMMAND --help"
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("path", TYPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_command_exists(path: Path) -> None:
    found = list(commands_in(path.read_text("utf-8")))
    assert found, "no command in it: is it read as it is written?"
    assert [f"{shlex.join(words)}: {fault}" for words in found if (fault := fault_in(words))] == []


@pytest.mark.parametrize("path", LINKED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    text = re.sub(r"^```[^\n]*\n.*?^```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("strop curate && strop chose", "strop has no command chose"),
        ("strop --project demo promote --share 0.1", "promote has no option --share"),
        ("strop review export --to argilla -o", "-o needs a value"),
        ("strop --json decide > out.json", ""),
    ],
)
def test_what_does_not_exist_is_seen(line: str, fault: str) -> None:
    faults = [fault_in(words) for words in commands_in(f"```\n{line}\n```\n")]
    assert next(filter(None, faults), "") == fault


def told_by_the_program() -> list[tuple[str, list[str]]]:
    """Every command that a remedy, a next step or a code span in a message of the program names."""
    found = []
    for path in sorted((ROOT / "src" / "strop").rglob("*.py")):
        said: list[ast.AST] = []
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("remedy", "command", "would_change"):
                said.append(node.value)
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "then":
                said += node.args[1:]
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said += [ast.Constant(span) for span in re.findall(r"`(strop [^`]+)`", node.value)]
        texts = [str(n.value) for one in said for n in ast.walk(one) if isinstance(n, ast.Constant)]
        for text in texts:
            for command in re.findall(r"(?:^|[:;,] )(strop [a-z][a-z-]*(?: [a-z][a-z-]*)?)(?![\w.])", text):
                found.append((path.relative_to(ROOT).as_posix(), command.split()))
    return found


def test_every_command_that_the_program_names_exists() -> None:
    load_commands()
    root: Any = typer.main.get_command(app)
    told = told_by_the_program()
    assert len(told) > 40, "are they read as they are written?"
    for path, (_, name, *rest) in told:
        assert name in root.commands, f"{path}: strop {name}"
        below = getattr(root.commands[name], "commands", None)
        assert below is None or (rest and rest[0] in below), f"{path}: strop {name} {rest}"
