"""Pure numbers on plain data: measures, intervals, paired comparisons, power, near duplicates. No input, no output."""

from strop.measure.alike.near import Pair, near_duplicates, shingles
from strop.measure.answers.calibration import (
    RiskCoverage,
    Threshold,
    abstain_threshold,
    brier,
    brier_item,
    ece,
    risk_coverage,
)
from strop.measure.answers.classification import accuracy, confusion, f1_by_label, macro_f1, matthews
from strop.measure.answers.fields import field_counts, read_json
from strop.measure.answers.inclusion import Inclusion, inclusion
from strop.measure.answers.likelihood import bits_per_byte, divergence, pass_at_k
from strop.measure.answers.overlap import bleu, bleu_counts, bleu_of_counts, chrf, rouge_l, rouge_n
from strop.measure.answers.spans import (
    Agreement,
    Entity,
    entity_counts,
    entity_counts_by_type,
    f1,
    invented,
    read_entities,
)
from strop.measure.items.detectable import detectable_difference, detectable_gain
from strop.measure.items.elsewhere import Beside, beside, stands_in
from strop.measure.items.results import ERROR_RATE, aggregate, by_one_model, estimate, measured_items, mistaken, paired
from strop.measure.items.sums import item_score, to_be_found
from strop.measure.names import display_name
from strop.measure.patterns import BadPattern
from strop.measure.rows.directions import Placed, points_of
from strop.measure.rows.left_out import LabelDoubt, label_doubt, left_out
from strop.measure.rows.mislabelled import Mislabelled, mislabelled
from strop.measure.rows.naive_bayes import spoken_for
from strop.measure.rows.ngrams import Ngrams
from strop.measure.rows.selecting import facility_location, nearest, nearest_to
from strop.measure.rows.trajectories import from_early_to_late
from strop.measure.statistics.agreement import cohen_kappa, gwet_ac1, krippendorff_alpha, krippendorff_interval
from strop.measure.statistics.bounded import clusters_weighed_alike, score_interval
from strop.measure.statistics.drift import Drift, distribution_drift, embedding_drift, label_drift, number_drift
from strop.measure.statistics.intervals import (
    Interval,
    bootstrap_interval,
    clopper_pearson,
    clusters_of_one_size,
    mean_interval,
    standard_error,
    wilson,
)
from strop.measure.statistics.judged import Winner, both_orders, prediction_powered
from strop.measure.statistics.power import (
    detectable_effect,
    items_needed,
    pairs_needed,
    pairs_power,
    power_of,
    shares_needed,
)
from strop.measure.statistics.preference import Game, Strengths, bradley_terry, strength_interval
from strop.measure.statistics.sequential import difference_bounds, mean_bounds, rate_bounds
from strop.measure.statistics.significance import as_low_by_chance, benjamini_hochberg, holm, mcnemar_exact, sign_flip
from strop.measure.statistics.spread import times_the_items
from strop.measure.statistics.weak import Weak, weak_groups
from strop.measure.text import exact_match, normalise, numeric_match, says_something
from strop.measure.writing.keywords import (
    KeywordCheck,
    KeywordUse,
    keyword_check,
    keyword_score,
    keyword_use,
    keywords_inside,
)
from strop.measure.writing.readability import flesch_kincaid_grade, flesch_reading_ease, lix
from strop.measure.writing.style import Break, StyleRule, read_style, style_breaks, style_share

__all__ = [
    "ERROR_RATE",
    "Agreement",
    "BadPattern",
    "Beside",
    "Break",
    "Drift",
    "Entity",
    "Game",
    "Inclusion",
    "Interval",
    "KeywordCheck",
    "KeywordUse",
    "LabelDoubt",
    "Mislabelled",
    "Ngrams",
    "Pair",
    "Placed",
    "RiskCoverage",
    "Strengths",
    "StyleRule",
    "Threshold",
    "Weak",
    "Winner",
    "abstain_threshold",
    "accuracy",
    "aggregate",
    "as_low_by_chance",
    "benjamini_hochberg",
    "beside",
    "bits_per_byte",
    "bleu",
    "bleu_counts",
    "bleu_of_counts",
    "bootstrap_interval",
    "both_orders",
    "bradley_terry",
    "brier",
    "brier_item",
    "by_one_model",
    "chrf",
    "clopper_pearson",
    "clusters_of_one_size",
    "clusters_weighed_alike",
    "cohen_kappa",
    "confusion",
    "detectable_difference",
    "detectable_effect",
    "detectable_gain",
    "difference_bounds",
    "display_name",
    "distribution_drift",
    "divergence",
    "ece",
    "embedding_drift",
    "entity_counts",
    "entity_counts_by_type",
    "estimate",
    "exact_match",
    "f1",
    "f1_by_label",
    "facility_location",
    "field_counts",
    "flesch_kincaid_grade",
    "flesch_reading_ease",
    "from_early_to_late",
    "gwet_ac1",
    "holm",
    "inclusion",
    "invented",
    "item_score",
    "items_needed",
    "keyword_check",
    "keyword_score",
    "keyword_use",
    "keywords_inside",
    "krippendorff_alpha",
    "krippendorff_interval",
    "label_doubt",
    "label_drift",
    "left_out",
    "lix",
    "macro_f1",
    "matthews",
    "mcnemar_exact",
    "mean_bounds",
    "mean_interval",
    "measured_items",
    "mislabelled",
    "mistaken",
    "near_duplicates",
    "nearest",
    "nearest_to",
    "normalise",
    "number_drift",
    "numeric_match",
    "paired",
    "pairs_needed",
    "pairs_power",
    "pass_at_k",
    "points_of",
    "power_of",
    "prediction_powered",
    "rate_bounds",
    "read_entities",
    "read_json",
    "read_style",
    "risk_coverage",
    "rouge_l",
    "rouge_n",
    "says_something",
    "score_interval",
    "shares_needed",
    "shingles",
    "sign_flip",
    "spoken_for",
    "standard_error",
    "stands_in",
    "strength_interval",
    "style_breaks",
    "style_share",
    "times_the_items",
    "to_be_found",
    "weak_groups",
    "wilson",
]
