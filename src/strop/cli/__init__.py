"""The command line: parse, call a verb of the project, print. No decision is taken here."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from strop import __version__

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``strop``; the exit codes are those of docs/reference (0 yes, 2 mend it, 3 no, 4 not enough evidence)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if "TORCHELASTIC_RUN_ID" in os.environ and waits_for_another():
            return
        from strop.cli.running import run

        code = run(words)
    except KeyboardInterrupt:  # before there was anything to interrupt
        code = INTERRUPTED
        if "--json" in words:
            error = '{"message": "interrupted", "remedy": "", "exit": 130}'
            sys.stdout.write(f'{{"strop": "{__version__}", "seconds": 0, "error": {error}}}\n')
        sys.stderr.write("strop: interrupted\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the result is out: a late Ctrl-C takes nothing back
    if code == INTERRUPTED:
        # CPython would end by the signal itself where the interrupt hit an ``exec``, as in an import.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def waits_for_another() -> bool:
    """Under torchrun the command is run by rank 0: another process computes along with it, and is done when it is."""
    from strop.engines.torch.tuning import torchrun

    if not torchrun.processes():
        return False
    if torchrun.rank():
        from strop.engines.torch import along

        along.under_torchrun()
        return True
    torchrun.lead()
    return False
