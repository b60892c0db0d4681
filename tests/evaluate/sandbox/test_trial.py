"""Code that does its work passes; code that attacks the verdict does not, whatever it tries."""

from __future__ import annotations

import pytest

from strop.errors import EngineError
from strop.evaluate.sandbox import Limits, Task, Walls, try_code

ADD = "def add(a, b):\n    return a + b\n"
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n"


def state(walls: Walls, code: str, tests: str = "", *, seconds: float = 10.0, given: str = "") -> str:
    task = Task(code, tests or CHECK, given=given, entry="" if tests else "add", calls=() if tests else ("check",))
    return try_code(task, walls, limits=Limits(seconds=seconds)).state


def test_right_passes_and_wrong_fails(walls: Walls) -> None:
    assert state(walls, ADD) == "passed"
    assert state(walls, "def add(a, b):\n    return a - b\n") == "failed"


LINE = '{"nonce": "", "state": "passed", "why": ""}'
FORGED = f"import os\nfor fd in range(16):\n    try: os.write(fd, b'{LINE}\\n')\n"
ATTACKS = {
    "prints a forged verdict": "print('passed')\nimport sys\nprint('passed', file=sys.stderr)\n"
    + "def add(a, b): return 0",
    "writes a forged verdict to every descriptor": FORGED + "    except OSError: pass\ndef add(a, b): return 0",
    "ends the process well": "import os\nos._exit(0)",
    "ends the process well when it is called": "import os\ndef add(a, b): os._exit(0)",
    "raises SystemExit": "raise SystemExit(0)",
    "raises SystemExit when it is called": "def add(a, b): raise SystemExit(0)",
    "closes every descriptor": "import os\nos.closerange(0, 256)\n" + ADD,
    "equals everything": "class Yes:\n    def __eq__(self, other): return True\n    def __bool__(self): return True\n"
    "def add(a, b): return Yes()",
    "is a number that equals everything": "class Yes(int):\n    def __eq__(self, other): return True\n"
    "def add(a, b): return Yes(7)",
    "is greater and less than everything": "class Yes(float):\n    __eq__ = __ge__ = __le__ = lambda *_: True\n"
    "def add(a, b): return Yes('nan')",
    "patches the built-in functions": "import builtins\nbuiltins.__dict__['AssertionError'] = Exception\n"
    "builtins.abs = lambda x: 0\ndef add(a, b): return 0",
    "patches the tests' module": "import sys\nfor module in list(sys.modules.values()):\n"
    "    try: module.check = lambda candidate: None\n    except Exception: pass\ndef add(a, b): return 0",
    "looks through the frames": "import sys, gc\ndef add(a, b):\n    frame = sys._getframe()\n    while frame:\n"
    "        frame.f_globals['check'] = frame.f_locals['check'] = lambda candidate: None\n"
    "        frame.f_globals['nonce'] = 'x'\n        frame = frame.f_back\n    return 0",
    "looks through memory for the tests": "import gc\ndef add(a, b):\n    for thing in gc.get_objects():\n"
    "        if isinstance(thing, dict) and 'nonce' in thing: return 3\n    return 0",
    "finds other processes": "import os\nfor pid in range(1, 400):\n    if pid != os.getpid():\n"
    "        try: os.kill(pid, 9)\n        except OSError: pass\ndef add(a, b): return 0",
    "says what is no answer": "import os\ndef add(a, b):\n    for fd in range(3, 64):\n"
    "        try: os.write(fd, b'[[[[[[\\n')\n        except OSError: pass\n    return 3",
    "answers without end": "def add(a, b): return [0] * 1_500_000",
    "recurses": "def add(a, b): return add(a, b)",
    "defines nothing": "x = 1",
    "is no Python": "def add(a, b:",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_on_the_verdict_fail(walls: Walls, attack: str) -> None:
    assert state(walls, ATTACKS[attack]) == "failed"


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.sleep(60)\n" + ADD,
        "import time\ndef add(a, b):\n    time.sleep(60)\n    return a + b",
        "import os\ndef add(a, b):\n    os.fork()\n    while True: pass",
    ],
)
def test_sleeping_does_not_help(walls: Walls, code: str) -> None:
    assert state(walls, code, seconds=1.0) == "failed"


def test_descriptors_that_an_attack_could_write_to_carry_answers_only(walls: Walls) -> None:
    """The code may say what it likes to its pipe: it is an answer to a call, and the wrong one."""
    answer = '{"value": 9, "args": [null, null]}'
    forged = f"import os\ndef add(a, b):\n    for fd in range(3, 64):\n        try: os.write(fd, b'{answer}\\n')\n"
    assert state(walls, forged + "        except OSError: pass\n    return 3") == "failed"


def test_the_tests_trust_the_row_before_the_code(walls: Walls) -> None:
    """What the row's input defines is not the code's to redefine."""
    tests = "def check(candidate):\n    assert isclose(candidate(1, 2), 3)\n"
    evil = "def isclose(a, b): return True\ndef add(a, b): return 0"
    task = Task(evil, tests, entry="add", calls=("check",))
    assert try_code(task, walls).state == "passed"  # nothing given: it is the code's own
    assert try_code(task._replace(given="from math import isclose"), walls).state == "failed"


def test_names_of_built_in_functions_stay_the_tests_own(walls: Walls) -> None:
    tests = "assert abs(add(1, 2) - 3) < 1e-6 and all([True, add(0, 0) == 0])"
    assert state(walls, "abs = all = lambda x: 0\ndef add(a, b): return 0", tests) == "failed"


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        (
            ADD,
            "import solution\nassert solution.add(1, 1) == 2\nfrom solution import add as plus\nassert plus(0, 0) == 0",
        ),
        (
            "class Empty(ValueError): pass\ndef first(xs):\n    if not xs: raise Empty('none')\n    return xs[0]",
            "try:\n    first([])\nexcept Empty as e:\n    assert str(e) == 'none'\nelse:\n    assert False\n"
            "try:\n    first(())\nexcept ValueError: pass",
        ),
        ("def two(a):\n    yield a\n    yield a + 1", "assert list(two(1)) == [1, 2]\nassert sum(two(1)) == 3"),
        ("def sort(xs):\n    xs.sort()", "xs = [3, 1]\nassert sort(xs) is None and xs == [1, 3]"),
        ("def each(f, xs): return [f(x) for x in xs]", "assert each(lambda x: x + 1, [1, 2]) == [2, 3]"),
        ("def adder(n): return lambda x: x + n", "assert adder(2)(3) == 5"),
        (
            "class Point:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return self.x == o.x\n"
            "    def up(self):\n        self.x += 1\n        return self\n    def __len__(self): return self.x",
            "p = Point(1)\nassert p.up().x == 2 and p == Point(2) and not p == Point(3) and len(p) == 2\nassert p != 2",
        ),
        (
            "from decimal import Decimal\nfrom fractions import Fraction\nimport datetime\nLIMIT = 3\n"
            "def kinds(): return [None, True, 2**100, 1.5, float('inf'), 1j, b'x', (1,), {2}, {(1, 2): [3]},"
            " 'é\\ud800', Decimal('1.10'), Fraction(1, 3), datetime.date(2024, 2, 29), frozenset([1])]",
            "import datetime, decimal, fractions as f\nassert LIMIT == 3\n"
            "assert kinds() == [None, True, 2**100, 1.5, float('inf'), 1j, b'x', (1,), {2}, {(1, 2): [3]},"
            " 'é\\ud800', decimal.Decimal('1.10'), f.Fraction(1, 3), datetime.date(2024, 2, 29), frozenset([1])]",
        ),
        ("import math\ndef area(r): return math.pi * r * r", "assert math.isclose(area(1), math.pi)"),
        (
            "def ask():\n    print('hello')\n    return input()",
            "try:\n    ask()\nexcept EOFError: pass\nelse: assert False",
        ),
        ("if __name__ == '__main__':\n    raise SystemExit(1)\n" + ADD, "assert add(1, 1) == 2"),
    ],
)
def test_ordinary_code_passes(walls: Walls, code: str, tests: str) -> None:
    assert try_code(Task(code, tests), walls) == ("passed", "")


def test_what_cannot_be_handed_over_is_said(walls: Walls) -> None:
    trial = try_code(Task("def read(f): return f.read()", "import io\nassert read(io.StringIO('x')) == 'x'"), walls)
    assert trial == ("unsupported", "the tests hand over a StringIO")


def test_a_sandbox_that_does_not_start_is_no_verdict() -> None:
    with pytest.raises(EngineError, match="did not start"):
        try_code(Task(ADD, CHECK), Walls("broken", lambda arguments, limits: ["false"]))


def test_both_kinds_of_walls_serve(each_walls: Walls) -> None:
    try:
        assert state(each_walls, ADD) == "passed"
    except EngineError as error:
        pytest.skip(f"{each_walls.name} does not start here: {error}")
    assert state(each_walls, "def add(a, b): return 0") == "failed"
