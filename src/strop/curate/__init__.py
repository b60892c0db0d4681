"""Raw rows to a dataset version: read, check, mask, compare, split, with a ledger of every row."""

from strop.curate.given import GivenAnswer, given_answers
from strop.curate.leaking import leaks, leaks_into_prompt
from strop.curate.looking import Look, look
from strop.curate.pipeline import curate
from strop.curate.results import Curated, Fault
from strop.curate.sources import data_files
from strop.curate.versions import Changed, Diff, Moved, diff

__all__ = [
    "Changed",
    "Curated",
    "Diff",
    "Fault",
    "GivenAnswer",
    "Look",
    "Moved",
    "curate",
    "data_files",
    "diff",
    "given_answers",
    "leaks",
    "leaks_into_prompt",
    "look",
]
