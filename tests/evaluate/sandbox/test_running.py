"""What is heard, when hearing ends, and that nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys

from strop.evaluate.sandbox import Limits, Walls
from strop.evaluate.sandbox.running import run, started

PLAIN = Walls("none", lambda arguments, limits: [sys.executable, "-I", "-S", *arguments])


def test_what_a_program_prints_is_heard() -> None:
    outcome = run(
        PLAIN, "import sys; print('said', sys.argv[1:]); sys.stderr.write('error')", ["a", "b"], limits=Limits()
    )
    assert outcome.output == b"said ['a', 'b']\n"
    assert outcome.end == "ended"


def test_time_and_size_end_it() -> None:
    forever = "import time\nprint('on', flush=True)\nwhile True: time.sleep(1)"
    outcome = run(PLAIN, forever, limits=Limits(seconds=0.5))
    assert (outcome.end, outcome.seconds >= 0.5) == ("time", True)
    flood = run(PLAIN, "while True: print('x' * 1000)", limits=Limits(output=5000))
    assert (flood.end, len(flood.output)) == ("output", 5000)


def test_leaving_ends_the_process() -> None:
    with started(PLAIN, ["-c", "import time; time.sleep(60)"], Limits(), stdout=subprocess.PIPE) as process:
        assert process.poll() is None
    assert process.returncode is not None


def test_one_that_ignores_the_request_to_end_is_killed() -> None:
    program = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('on', flush=True)\ntime.sleep(60)"
    with started(PLAIN, ["-c", program], Limits(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 10) == b"on\n"
    assert process.returncode == -9
