"""The learning rate that each method starts from where ``tune.learning_rate`` is not set."""

from __future__ import annotations

from strop.records import Method

LEARNING_RATES: dict[Method, float] = {
    "lora": 1e-3,
    "dora": 1e-3,
    "upper_layers": 2e-3,
    "prefix": 2e-4,
    "p_tuning_v2": 3e-2,
    "full": 5e-5,
    "qlora": 1e-3,
    "rslora": 3e-4,
    "lora_plus": 2e-4,
    "pissa": 3e-4,
    "ia3": 5e-3,
    "p_tuning": 1e-3,
    "prompt_tuning": 3e-2,
}
"""Of the first six each is the best of three rates, or within the noise of it, on three sets (docs/log.md); the others
are starting points of no sweep."""
