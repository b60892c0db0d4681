"""A decision that is killed before a step that a disk keeps. Run by test_opening.py: ``FOLDER WHEN``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.dying import die_before

from strop.project import open_project


def decide(folder: Path, when: int) -> None:
    """Decide, and die before the ``when``-th step that a disk keeps."""
    die_before(when)
    project = open_project(folder)
    print(project.decide().id)
    project.store.close()


if __name__ == "__main__":
    decide(Path(sys.argv[1]), int(sys.argv[2]))
