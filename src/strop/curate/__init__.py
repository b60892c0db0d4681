"""Raw rows to a dataset version: read, check, mask, compare, split, with a ledger of every row."""

from strop.curate.faults import Scores, Sign, is_judged
from strop.curate.files.given import GivenAnswer, given_answers
from strop.curate.files.sources import check_file, data_files
from strop.curate.finding.doubts import COSTLY
from strop.curate.finding.effects import Doubted, expected_effects
from strop.curate.finding.paraphrases import FAULT as PARAPHRASE
from strop.curate.first_look.looking import Look, look
from strop.curate.first_look.writing import as_settings
from strop.curate.kept import Failing, Kept
from strop.curate.leaks.leaking import leaks, leaks_into_prompt, without_leaks
from strop.curate.leaks.touched_up import touched_up
from strop.curate.pipeline import curate
from strop.curate.quoting import Quote, quotes
from strop.curate.residual import Left, personal_data_in, personal_data_left
from strop.curate.results import Curated, NothingLeft
from strop.curate.versions import Changed, Diff, Moved, diff
from strop.curate.work import Before, Reviewed

__all__ = [
    "COSTLY",
    "PARAPHRASE",
    "Before",
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
    "personal_data_in",
    "personal_data_left",
    "quotes",
    "touched_up",
    "without_leaks",
]
