"""The blocks of strop.yaml as types, with every default (those of `decision` stand in protocol.py)."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from strop.errors import SettingsError
from strop.settings.incumbents import Incumbent, Judge
from strop.settings.protocol import DecisionSettings
from strop.settings.section import Section

Kind = Literal["classification", "extraction", "summarisation", "generation", "chat", "code"]
"""What the answers of a task are."""
Split = Literal["train", "validation", "test"]
"""Where a row goes."""
Reason = Literal[
    "malformed",
    "empty",
    "no_answer",
    "too_long",
    "exact_duplicate",
    "near_duplicate",
    "paraphrase_duplicate",
    "conflicting_answers",
    "label_suspect",
    "truncated",
    "garbage",
    "off_topic",
    "outlier",
    "imbalance",
    "wrong_language",
    "unsupported_answer",
    "style_break",
    "personal_data",
    "leaks_evaluation",
    "not_selected",
    "split_validation",
    "split_test",
]
"""Why a row is not in the training rows; the list is closed."""


ENCODINGS = (
    "utf-8",
    "cp1250",
    "cp1251",
    "cp1252",
    "iso8859-2",
    "koi8-r",
    "shift_jis",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
)
"""Those that are named where one is not known."""


class Labels(Section):
    """The closed set of answers of a classification task."""

    from_: Literal["data"] | None = Field(default="data", alias="from", description="read the labels off the data")
    names: dict[str, str] = Field(default_factory=dict, description="label: description (may be empty)")
    in_prompt: bool = Field(default=False, description="put the label list into the prompt")


class Voice(Section):
    """Examples from which a classifier learns the house's voice."""

    on: str
    off: str


class Task(Section):
    """What the model is for."""

    name: str = Field(default="task", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="also the serving alias")
    kind: Kind = Field(default="generation", description="what the answers are; decides the measures")
    system: str | None = Field(default=None, description="the instruction; a row's own system message wins")
    labels: Labels = Labels()
    style: str | None = Field(
        default=None, description="style guide: a JSON or YAML file of rules, or a folder of Vale rules"
    )
    voice: Voice | None = Field(default=None, description="{on, off}: files of answers in the house's voice, and not")
    json_schema: str | None = Field(default=None, description="a JSON schema that answers must obey: its file")
    max_new_tokens: int = Field(default=256, ge=1, description="longest answer that is generated")
    samples: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="code: answers an item that are drawn for pass@k; 1: none, greedy ones only",
    )
    temperature: float = Field(default=0.8, gt=0, le=2, description="at which they are drawn")

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, value: Any) -> Any:
        if isinstance(value, list):
            names: dict[str, str] = {}
            for item in value:
                if isinstance(item, Mapping):
                    names[str(item.get("name", ""))] = str(item.get("description", ""))
                else:
                    names[str(item)] = ""
            return {"from": None, "names": names}
        if isinstance(value, Mapping) and value.get("names") and "from" not in value:
            return {**value, "from": None}
        return value


class Columns(Section):
    """Which columns of a table are what."""

    input: str | None = None
    output: str | None = None
    system: str | None = None
    context: str | None = None
    group: str | None = None
    time: str | None = None
    id: str | None = None
    slices: tuple[str, ...] = ()


class Source(Section):
    """One data file; ``split`` fixes where its rows go."""

    path: str
    split: Split | None = None
    columns: Columns | None = None
    encoding: str | None = Field(default=None, description="cp1251, shift_jis, …; None: told by the content")

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            known = codecs.lookup(value)
            " ".encode(known.name)  # not one that turns bytes into bytes
        except LookupError:
            raise ValueError(f"no encoding is called {value[:40]!r}; some are: {', '.join(ENCODINGS)}") from None
        return known.name


class Splits(Section):
    """Shares of the rows that are held out, when no file fixes them; what must stay together."""

    validation: float = Field(default=0.1, ge=0, lt=0.5)
    test: float = Field(default=0.2, ge=0, lt=0.8)
    by: tuple[Literal["group", "near_duplicates", "time"], ...] = Field(
        default=("group", "near_duplicates"),
        description="what stays together; time: the latest rows are held out, those without a time are trained on",
    )


class NameModelAt(Section):
    """A spaCy pipeline that finds people's names, and the hash of its files."""

    path: str
    sha256: str = Field(default="", description="of all its files together; what it is now is said where it is missing")


class Data(Section):
    """Where the rows come from and how they are read."""

    sources: tuple[Source, ...] = ()
    columns: Columns = Columns()
    personal_data: Literal["mask", "refuse", "keep"] = "mask"
    name_model: NameModelAt | None = Field(
        default=None, description="tier two of personal data: finds people's names in running text (extra pii)"
    )
    splits: Splits = Splits()
    max_tokens: int = Field(default=1024, ge=16, description="longer rows are quarantined: too_long")
    near_duplicate: float = Field(default=0.8, gt=0, le=1, description="Jaccard similarity from which rows repeat")
    embedder: Literal["svd", "hidden_states", "wordllama"] | None = Field(
        default=None, description="vectors by which paraphrases are found, for review; none: not looked for"
    )
    budget: int | None = Field(default=None, ge=2, description="most rows to train on; the others are not_selected")
    selection: Literal["facility_location", "random", "longest", "ifd", "loss_trajectories", "failing_slices"] = Field(
        default="facility_location",
        description="which rows, under a budget; random and longest are controls; ifd: the hardest free answers; "
        "loss_trajectories: of each label from early to late learned rows; failing_slices: near the "
        "items on which the pick fails",
    )
    faults: dict[Reason, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="moved thresholds of faults; 0: no row has it"
    )
    doubted_labels: Literal["auto", "stay", "wait"] = Field(
        default="auto",
        description="training rows with a doubted label: stay, or wait outside for a person; auto: wait where more "
        "than one label in twenty (of 1,000 rows or more) is more likely wrong than right",
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _sources(cls, value: Any) -> Any:
        items = value if isinstance(value, (list, tuple)) else [value]
        return [{"path": str(item)} if isinstance(item, (str, Path)) else item for item in items]


class Tune(Section):
    """Training, under the field's names. None: the method's own default."""

    learning_rate: float | None = Field(default=None, gt=0)
    num_train_epochs: float | None = Field(
        default=None,
        gt=0,
        description="None: 3; of few rows up to 6 for labels (about 200 optimizer steps) and extraction (450)",
    )
    per_device_train_batch_size: int | None = Field(
        default=None,
        ge=1,
        description="None: 4, 8 or 16, so that a run has about 200 optimizer steps (extraction: 450)",
    )
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    max_length: int = Field(default=1024, ge=16)
    warmup_ratio: float = Field(default=0.05, ge=0, lt=1)
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**32)
    lora_r: int = Field(default=16, ge=1)
    lora_alpha: int = Field(default=32, ge=1)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | tuple[str, ...] = "all-linear"
    use_rslora: bool = False
    use_dora: bool = False
    save_steps: int = Field(default=25, ge=1, description="a checkpoint every so many optimizer steps")
    label_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="classification: part of the loss that holds labels against each other; the rest is over tokens",
    )
    processes: int = Field(
        default=1, ge=1, description="processes of this machine that share each batch; losses are those of one"
    )
    sharded: bool = Field(
        default=False, description="each process holds a share of the frozen base, for one that no GPU holds whole"
    )
    objective: Literal["supervised", "preference"] = Field(
        default="supervised",
        description="preference: also from pairs of a right and a rejected answer, where there are enough (DPO)",
    )
    preference_beta: float = Field(default=0.1, gt=0, description="preference: how far pairs may pull from the base")
    preference_answers: float = Field(
        default=1.0,
        ge=0,
        description="preference: weight of the loss on right answers, of all rows, beside the pairs'; 0: pairs alone",
    )
    preference_pairs: int = Field(
        default=20, ge=1, description="preference: with fewer pairs a run is supervised, and says so"
    )
    replay: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="neutral conversations to learn beside the rows, as a share of them, so that less is forgotten",
    )
    replay_file: str | None = Field(
        default=None, description="conversations to replay instead of those that ship with strop: a data file"
    )
    base_kl: float = Field(
        default=0.0,
        ge=0,
        description="pull towards the base's own distributions on neutral text, so that less is forgotten",
    )


LadderMethod = Literal[
    "classical", "embeddings", "prompt", "lora", "dora", "prefix", "p_tuning_v2", "upper_layers", "full",
    "qlora", "rslora", "lora_plus", "pissa", "ia3", "p_tuning", "prompt_tuning",
]  # fmt: skip


class LadderSettings(Section):
    """What `choose` may try, and for how long."""

    methods: tuple[LadderMethod, ...] = Field(default=("classical", "embeddings", "prompt", "lora"), min_length=1)
    bases: tuple[str, ...] = ("smollm2-135m-instruct",)
    embedder: Literal["hidden_states", "svd"] = Field(
        default="hidden_states",
        description="of the classifier on embeddings: hidden_states of the smallest base, or TF-IDF's directions (svd)",
    )
    hours: float = Field(default=1, gt=0)
    shots: int = Field(default=4, ge=0)
    items: int = Field(default=150, ge=1, description="validation items on which rungs are compared")
    incumbent: tuple[Incumbent, ...] = Field(
        default=(), description="what runs today: {remote: NAME, url: …}, an adapter folder, or a file of its answers"
    )

    def first_base(self, what: str) -> str:
        """The base that ``what`` is made on where none is named. Raises SettingsError where the ladder has none."""
        if not self.bases:
            remedy = "name a base there: strop models list"
            raise SettingsError(
                f"`ladder.bases` is empty, and {what} needs a base", key=("ladder", "bases"), remedy=remedy
            )
        return self.bases[0]

    @field_validator("incumbent", mode="before")
    @classmethod
    def _incumbents(cls, value: Any) -> Any:
        return value if isinstance(value, (list, tuple)) else () if value is None else [value]


class Costs(Section):
    """Prices, in the project's own unit of money."""

    machine_hour: float = Field(default=0.10, ge=0)
    expert_hour: float = Field(default=60, ge=0)
    requests_per_month: int = Field(default=50_000, ge=0)
    minutes_per_item: float = Field(default=0.5, gt=0, description="an expert's time to write or judge one item")
    point: float | None = Field(
        default=None,
        gt=0,
        description="what a point (0.01) of the primary measure is worth a month; a further rung is tried where its "
        "likely gain is worth more than its price; None: the margin decides",
    )
    months: int = Field(default=12, ge=1, description="over which a further rung's price is held against its gain")
    missed_escalation: float | None = Field(
        default=None, ge=0, description="of an answer that should have handed over to a person, and did not"
    )


class Audit(Section):
    """Random traffic that a person judges."""

    items: int = Field(default=30, ge=0)
    every: str = "7d"


class Retrain(Section):
    """When monitoring advises the next turn."""

    every: str = "30d"
    corrections: int = Field(default=200, ge=1)
    on: tuple[Literal["quality", "drift"], ...] = ("quality", "drift")


class Live(Section):
    """Serving, watching, retraining."""

    canary: tuple[float, ...] = (0.05, 0.25, 1.0)
    audit: Audit = Audit()
    retrain: Retrain = Retrain()
    window: int = Field(default=200, ge=40, description="requests that are looked at together for drift")
    unlabelled: int = Field(
        default=1000, ge=0, description="requests without a review that the classical method learns from, too; 0: none"
    )
    hosts: tuple[str, ...] = Field(default=(), description="names under which the server is asked, beside its own")


class ReviewSettings(Section):
    """Who judges rows in doubt, and by what."""

    guidelines: str | None = Field(default=None, description="a text file on how to judge; judgements name its hash")
    people: tuple[str, ...] = Field(default=(), description="rows are dealt to these; none: anybody may judge any row")
    overlap: float = Field(default=0.1, ge=0, le=1, description="share of the rows that several of them judge")
    raters: int = Field(default=2, ge=2, description="how many judge a row of the overlap")
    gold: int = Field(default=0, ge=0, description="settled rows that are mixed into the rows of each person")


class Settings(Section):
    """strop.yaml."""

    task: Task = Task()
    data: Data = Data()
    tune: Tune = Tune()
    decision: DecisionSettings = DecisionSettings()
    ladder: LadderSettings = LadderSettings()
    costs: Costs = Costs()
    live: Live = Live()
    review: ReviewSettings = ReviewSettings()
    measures: tuple[str, ...] = Field(
        default=(), description="further measures: names of strop's, and your own as package.module:function"
    )
    judge: Judge | None = Field(
        default=None, description="a model's opinion on blind pairs: {url, model, rubric, pairs}"
    )
    database: str | None = Field(default=None, description="postgresql://… instead of .strop/strop.db")

    def hash(self) -> str:
        """Hash of all settings."""
        return hashlib.sha256(self.model_dump_json().encode("utf-8")).hexdigest()[:16]


def published_schema() -> dict[str, Any]:
    """The JSON schema of strop.yaml, for editors."""
    return Settings.model_json_schema(by_alias=True)
