"""A project that is curated, and killed before a step that a disk keeps. Run by test_curating_killed.py.

``FOLDER WHEN``: curate, and die before the WHEN-th such step (a commit that wrote, a file put in its place); 0 lets it
end and prints how many there are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.dying import die_before

from strop import project as projects


def curate(folder: Path, when: int) -> None:
    seen = die_before(when)
    made = projects.open(folder).curate()
    print(json.dumps({"steps": seen(), "dataset": made.id}))


if __name__ == "__main__":
    curate(Path(sys.argv[1]), int(sys.argv[2]))
