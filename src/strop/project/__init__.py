"""An opened project and its verbs: each loads records, calls one stage, and stores what came out.

project = strop.open("tickets")
dataset = project.curate()
ladder = project.choose()
decision = project.decide()
"""

from __future__ import annotations

from strop.project.live.answering import Reply
from strop.project.live.health import Health
from strop.project.opened import Opened
from strop.project.questions import Answer
from strop.project.verbs import Evaluation, Project, init, open_project

__all__ = ["Answer", "Evaluation", "Health", "Opened", "Project", "Reply", "init", "open"]

open = open_project  # noqa: A001  (strop.open reads better than strop.open_project)
