"""Write what would go stale by hand: reference pages and README's tree (``make docs``)."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from strop import durable
from strop.cli.measures_page import measures_page
from strop.settings import Settings

MARK = "<!-- tree -->"


_TOLD = 110
"""Characters of a file's line: as many whole sentences as fit, unless they say little."""
_LITTLE = 45


def tree(source: Path) -> str:
    """The package as a tree, a line per file: the first sentence of its docstring."""
    lines = ["src/strop/"]
    for path in _in_order(source):
        depth = len(path.relative_to(source).parts)
        name = f"{path.name}/" if path.is_dir() else path.name
        told = _first_sentence(path / "__init__.py" if path.is_dir() else path)
        lines.append(f"{'  ' * depth}{name:<{max(24 - 2 * depth, 1)}} {told}".rstrip())
    return "\n".join(lines)


def _in_order(folder: Path) -> Iterator[Path]:
    """Files of a folder, then its rooms, each with what is in it."""
    inside = [path for path in folder.iterdir() if path.name not in ("__pycache__", "versions")]
    yield from sorted(path for path in inside if path.suffix == ".py" and path.name != "__init__.py")
    for room in sorted(path for path in inside if path.is_dir() and (path / "__init__.py").exists()):
        yield room
        yield from _in_order(room)


def _first_sentence(path: Path) -> str:
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    first = told.split("\n\n")[0].replace("\n", " ")
    if len(first) <= _TOLD:
        return first
    ends = [match.end() for match in re.finditer(r"[.?!](?= [A-Z])", first) if _LITTLE <= match.end() <= _TOLD]
    return first[: ends[-1]] if ends else first[: _TOLD - 3].rsplit(" ", 1)[0] + " …"


def settings_page() -> str:
    """Every key of strop.yaml with its default."""
    lines = [
        "# strop.yaml",
        "",
        "Made from the code by `make docs`. Every key with its default; unknown keys are refused.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        block = field.annotation
        if isinstance(block, type) and issubclass(block, BaseModel):
            lines += [f"## {name}", "", (block.__doc__ or "").strip(), "", "| key | default | |", "|---|---|---|"]
            lines += list(_keys(block, ""))
        else:
            lines += [f"## {name}", "", f"Default `{field.default}`. {field.description or ''}"]
        lines.append("")
    return "\n".join(lines)


def _keys(block: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in block.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{key}.")
        else:
            default = field.get_default(call_default_factory=True)
            shown = str(default).replace("|", "\\|")
            yield f"| `{key}` | `{shown}` | {field.description or ''} |"


def commands_page() -> str:
    """Every command with its arguments and options."""
    from strop.cli.app import app
    from strop.cli.running import load_commands

    load_commands()
    root: Any = typer.main.get_command(app)
    lines = ["# Commands", "", "Made from the code by `make docs`.", "", *_options(root)]
    for name, command in sorted(root.commands.items()):
        for path, leaf in _leaves(f"strop {name}", command):
            lines += ["", f"## {path}", "", (leaf.help or "").split("\n\n")[0], "", *_options(leaf)]
    return "\n".join(lines) + "\n"


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in sorted(command.commands.items()):
            yield from _leaves(f"{path} {name}", inner)
    else:
        yield path, command


def _options(command: Any) -> list[str]:
    rows = []
    for option in command.params:
        if getattr(option, "hidden", False) or option.name == "help":
            continue
        argument = option.param_type_name == "argument"
        names = (option.metavar or option.name.upper()) if argument else ", ".join(option.opts)
        rows.append(f"- `{names}` {getattr(option, 'help', None) or ''}".rstrip())
    return rows


def with_tree(readme: str, source: Path) -> str:
    """README's text with its tree made anew."""
    before, _, after = readme.split(MARK)
    return f"{before}{MARK}\n```\n{tree(source)}\n```\n{MARK}{after}"


def main(folder: Path) -> None:
    """Write the reference pages and README's tree."""
    root = folder.resolve().parent.parent
    durable.write_text(folder / "settings.md", settings_page())
    durable.write_text(folder / "commands.md", commands_page())
    durable.write_text(folder / "measures.md", measures_page())
    readme = root / "README.md"
    durable.write_text(readme, with_tree(readme.read_text("utf-8"), root / "src" / "strop"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
