"""The command line: parse, call a verb of the project, print. No decision is taken here."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``strop``; the exit codes are those of docs/reference (0 yes, 2 mend it, 3 no, 4 not enough evidence)."""
    from strop.cli.app import run

    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))
