"""Raw rows to a dataset version: read, check, mask, compare, split, with a ledger of every row."""

from strop.curate.doubts import COSTLY
from strop.curate.effects import Doubted, expected_effects
from strop.curate.faults import Scores, Sign, is_judged
from strop.curate.given import GivenAnswer, given_answers
from strop.curate.kept import Failing, Kept
from strop.curate.leaking import leaks, leaks_into_prompt, without_leaks
from strop.curate.looking import Look, look
from strop.curate.paraphrases import FAULT as PARAPHRASE
from strop.curate.pipeline import curate
from strop.curate.quoting import Quote, quotes
from strop.curate.residual import Left, personal_data_left
from strop.curate.results import Curated, NothingLeft
from strop.curate.sources import check_file, data_files
from strop.curate.touched_up import touched_up
from strop.curate.versions import Changed, Diff, Moved, diff
from strop.curate.work import Reviewed
from strop.curate.writing import as_settings

__all__ = [
    "COSTLY",
    "PARAPHRASE",
    "Changed",
    "Curated",
    "Diff",
    "Doubted",
    "Failing",
    "GivenAnswer",
    "Kept",
    "Left",
    "Look",
    "Moved",
    "NothingLeft",
    "Quote",
    "Reviewed",
    "Scores",
    "Sign",
    "as_settings",
    "check_file",
    "curate",
    "data_files",
    "diff",
    "expected_effects",
    "given_answers",
    "is_judged",
    "leaks",
    "leaks_into_prompt",
    "look",
    "personal_data_left",
    "quotes",
    "touched_up",
    "without_leaks",
]
