"""The files that a user's measure is made of: its module, and what that imports of the user's own, however deep.

Found by reading the imports (Python's ``ast``), also those inside a function; nothing is run for it. The user's own is
what lies in the project's folder, or beside the measure: in its package, or its folder where it is in none. Installed
libraries and Python itself are left out.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

_INSTALLED = frozenset({"site-packages", "dist-packages"})


def own_files(module: str, project: Path) -> dict[str, Path]:
    """The file of a module and of each of the user's own that it imports, by full names, in their order.

    ``project``: the folder of the project. Empty for a module without a file.
    """
    roots = [project.resolve(), *_home(module)]
    waiting, found, seen = [module], dict[str, Path](), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += [name.rpartition(".")[0]] if "." in name else []  # a package runs before its modules
        file = _file(_spec(name))
        if file is None or not any(_lies_in(root, file) for root in roots):
            continue
        found[name] = file
        if file.suffix == ".py":
            waiting += _imported(file, name if file.stem == "__init__" else name.rpartition(".")[0])
    return dict(sorted(found.items()))


def digest(files: Mapping[str, Path]) -> str:
    """Twelve hexadecimal digits of what the files hold and how their modules are called; empty for no file."""
    if not files:
        return ""
    found = hashlib.sha256()
    for name, file in files.items():
        found.update(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:12]


def _home(module: str) -> list[Path]:
    """What lies beside a measure: its package, or its folder; of what is installed without a package, itself alone."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is not None and spec.submodule_search_locations:
        return [Path(one).resolve() for one in spec.submodule_search_locations]
    file = _file(spec)
    if file is None:
        return []
    installed = _INSTALLED & set(file.parts) or file.is_relative_to(Path(sysconfig.get_path("stdlib")).resolve())
    return [file if installed else file.parent]


def _spec(name: str) -> ModuleSpec | None:
    """Where a module would be imported from; its packages are not run for it. None where there is no such module."""
    head, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(head)
    except ValueError:  # such as __main__, which has none
        return None
    for part in rest:
        head = f"{head}.{part}"
        inside = spec.submodule_search_locations if spec is not None else None
        spec = PathFinder.find_spec(head, inside) if inside else None
    return spec


def _file(spec: ModuleSpec | None) -> Path | None:
    origin = spec.origin if spec is not None and spec.has_location else None
    return Path(origin).resolve() if origin and Path(origin).is_file() else None


def _lies_in(root: Path, file: Path) -> bool:
    return file.is_relative_to(root) and not _INSTALLED & set(file.relative_to(root).parts)


def _imported(file: Path, package: str) -> Iterator[str]:
    """The modules that a file names in its imports: ``from a import b`` may mean a module ``a.b``."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # it would fail where it is imported, if it ever is
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = package.split(".") if package else []
            above = names[: len(names) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from [base] if base else []
            yield from (f"{base}.{alias.name}" for alias in node.names if base and alias.name != "*")
