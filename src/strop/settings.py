"""strop.yaml as types: unknown keys are refused with file, line and the nearest known key.

The smallest file is ``task:`` and ``data:``. Every default stands here and nowhere else.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from strop.errors import InputError, SettingsError
from strop.records import JSON, Kind, Split, canonical

FILE = "strop.yaml"


class Section(BaseModel):
    """A block of settings; frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Labels(Section):
    """The closed set of answers of a classification task."""

    from_: Literal["data"] | None = Field(default="data", alias="from", description="read the labels off the data")
    names: dict[str, str] = Field(default_factory=dict, description="label: description (may be empty)")
    in_prompt: bool = Field(default=False, description="put the label list into the prompt")


class Task(Section):
    """What the model is for."""

    name: str = Field(default="task", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="also the serving alias")
    kind: Kind = Field(default="generation", description="what the answers are; decides the measures")
    system: str | None = Field(default=None, description="the instruction; a row's own system message wins")
    labels: Labels = Labels()
    style: str | None = Field(default=None, description="style guide: a JSON or YAML file of rules")
    max_new_tokens: int = Field(default=256, ge=1, description="longest answer that is generated")

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


class Splits(Section):
    """Shares of the rows that are held out, when no file fixes them; what must stay together."""

    validation: float = Field(default=0.1, ge=0, lt=0.5)
    test: float = Field(default=0.2, ge=0, lt=0.8)
    by: tuple[Literal["group", "near_duplicates", "time"], ...] = ("group", "near_duplicates")


class Data(Section):
    """Where the rows come from and how they are read."""

    sources: tuple[Source, ...] = ()
    columns: Columns = Columns()
    personal_data: Literal["mask", "refuse", "keep"] = "mask"
    splits: Splits = Splits()
    max_tokens: int = Field(default=1024, ge=16, description="longer rows are quarantined: too_long")
    near_duplicate: float = Field(default=0.8, gt=0, le=1, description="Jaccard similarity from which rows repeat")

    @field_validator("sources", mode="before")
    @classmethod
    def _sources(cls, value: Any) -> Any:
        items = value if isinstance(value, (list, tuple)) else [value]
        return [{"path": str(item)} if isinstance(item, (str, Path)) else item for item in items]


class Tune(Section):
    """Training, under the field's names. None: the method's own default."""

    learning_rate: float | None = Field(default=None, gt=0)
    num_train_epochs: float = Field(default=3, gt=0)
    per_device_train_batch_size: int = Field(default=16, ge=1)
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    max_length: int = Field(default=1024, ge=16)
    warmup_ratio: float = Field(default=0.05, ge=0, lt=1)
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    seed: int = 0
    lora_r: int = Field(default=16, ge=1)
    lora_alpha: int = Field(default=32, ge=1)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | tuple[str, ...] = "all-linear"
    use_rslora: bool = False
    use_dora: bool = False
    save_steps: int = Field(default=25, ge=1, description="a checkpoint every so many optimizer steps")


class Primary(Section):
    """The target and the margin of the primary measure."""

    target: float | None = None
    margin: float = Field(default=0.02, ge=0)


class Guard(Section):
    """Limits that no candidate may break. None: not asked for."""

    general_ability: float | None = Field(default=0.03, description="largest loss against the untuned base")
    p95_ms: float | None = None
    memory: int | None = Field(default=None, description="bytes, or 4GiB")

    @field_validator("memory", mode="before")
    @classmethod
    def _memory(cls, value: Any) -> Any:
        if isinstance(value, str):
            for suffix, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("GB", 10**9), ("MB", 10**6)):
                if value.endswith(suffix):
                    return int(float(value.removesuffix(suffix).strip()) * factor)
        return value


class Against(Section):
    """What the candidate is compared with."""

    lower_rungs: Literal["better", "not_worse", "ignore"] = "better"
    release: Literal["better", "not_worse", "ignore"] = "not_worse"


class People(Section):
    """What people must have said."""

    blind_pairs: int = Field(default=0, ge=0)
    approve: tuple[str, ...] = ()


class Abstain(Section):
    """Leave an answer to a person when unsure, so that at most this share of given answers is wrong."""

    max_error: float | None = Field(default=None, gt=0, lt=1)


class DecisionSettings(Section):
    """The protocol: hashed before the run, shown with every verdict."""

    primary: dict[str, Primary] = Field(default_factory=dict, description="measure: {target, margin}; default by kind")
    against: Against = Against()
    guard: Guard = Guard()
    slices: tuple[str, ...] = ()
    people: People = People()
    abstain: Abstain = Abstain()
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    test_uses: int = Field(default=5, ge=1)

    @field_validator("primary", mode="before")
    @classmethod
    def _primary(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {value: {}}
        if isinstance(value, Mapping):
            short = {
                k: {} if v is None else {"target": v}
                for k, v in value.items()
                if v is None or isinstance(v, (int, float))
            }
            return {**value, **short}
        return value

    @model_validator(mode="after")
    def _one(self) -> DecisionSettings:
        if len(self.primary) > 1:
            raise ValueError("exactly one primary measure")
        return self


LadderMethod = Literal["classical", "prompt", "lora", "dora", "prefix", "p_tuning_v2", "upper_layers", "full"]


class LadderSettings(Section):
    """What `choose` may try, and for how long."""

    methods: tuple[LadderMethod, ...] = ("classical", "prompt", "lora")
    bases: tuple[str, ...] = ("smollm2-135m-instruct",)
    hours: float = Field(default=1, gt=0)
    shots: int = Field(default=4, ge=0)
    items: int = Field(default=150, ge=1, description="validation items on which rungs are compared")


class Costs(Section):
    """Prices, in the project's own unit of money."""

    machine_hour: float = Field(default=0.10, ge=0)
    expert_hour: float = Field(default=60, ge=0)
    requests_per_month: int = Field(default=50_000, ge=0)
    minutes_per_item: float = Field(default=0.5, gt=0, description="an expert's time to write or judge one item")


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


class Settings(Section):
    """strop.yaml."""

    task: Task = Task()
    data: Data = Data()
    tune: Tune = Tune()
    decision: DecisionSettings = DecisionSettings()
    ladder: LadderSettings = LadderSettings()
    costs: Costs = Costs()
    live: Live = Live()
    measures: tuple[str, ...] = Field(default=(), description="your own measures: package.module:function")
    database: str | None = Field(default=None, description="postgresql://… instead of .strop/strop.db")

    def hash(self) -> str:
        """Hash of all settings."""
        return hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()[:16]


def load(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read ``path`` and apply ``key=value`` overrides (dotted keys, YAML values).

    Raises SettingsError with ``file:line``, the key, and the nearest known key.
    """
    tree = _parse(path)
    for override in overrides:
        _override(tree, override)
    return validate(tree, path)


def validate(tree: Any, path: Path) -> Settings:
    """Check a parsed tree against the types."""
    if not isinstance(tree, Mapping):
        raise SettingsError("must hold `key: value` blocks", place=f"{path}:1", remedy="start with `task:` and `data:`")
    try:
        return Settings.model_validate(_plain(tree))
    except ValidationError as error:
        raise _explain(error, tree, path) from None


def _parse(path: Path) -> Any:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise SettingsError(
            "no strop.yaml here", place=str(path.parent), remedy="make a project: strop init DIR --from FILE"
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SettingsError("is not UTF-8", place=f"{path}:{line}", remedy="save the file as UTF-8") from None
    try:
        return YAML(typ="rt").load(io.StringIO(text)) or CommentedMap()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SettingsError(
            f"is not valid YAML: {error.problem or error.context}", place=f"{path}:{line}", remedy="mend that line"
        ) from None
    except YAMLError as error:
        raise SettingsError(f"is not valid YAML: {str(error).splitlines()[0]}", place=f"{path}:1") from None


def _override(tree: Any, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise SettingsError(f"--set {override!r} is not key=value", remedy="for example --set tune.seed=1")
    try:
        value = YAML(typ="safe").load(text)
    except YAMLError:
        raise SettingsError(f"--set {key}: {text!r} is not a YAML value") from None
    node = tree
    *parents, last = key.strip().split(".")
    for parent in parents:
        if not isinstance(node.get(parent), Mapping):
            node[parent] = CommentedMap()
        node = node[parent]
    node[last] = value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def _explain(error: ValidationError, tree: Any, path: Path) -> SettingsError:
    first = error.errors()[0]
    location = [part for part in first["loc"] if isinstance(part, (str, int))]
    dotted = ".".join(str(part) for part in location)
    place = f"{path}:{_line(tree, location)}"
    if first["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return SettingsError(f"unknown key `{dotted}`", place=place, remedy=remedy)
    message = first["msg"].removeprefix("Value error, ")
    shown = repr(first.get("input"))
    return SettingsError(
        f"`{dotted}`: {message}", place=place, remedy=f"it is {shown if len(shown) < 80 else shown[:77] + '…'} now"
    )


def _line(tree: Any, location: Sequence[str | int]) -> int:
    line, node = 1, tree
    for part in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(part)[0] + 1
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _known_keys(location: Sequence[str | int]) -> list[str]:
    model: Any = Settings
    for part in location:
        if isinstance(part, int):
            continue
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            continue
        candidates = [field.annotation, *get_args(field.annotation)]
        candidates += [inner for c in candidates for inner in get_args(c)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return sorted(f.alias or name for name, f in model.model_fields.items())


def cache_folder() -> Path:
    """Where models lie, outside every project: ``STROP_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("STROP_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "strop"


def source_path(project: Path, path: str) -> Path:
    """A source's path, relative ones from the project folder. Raises InputError when it is not there."""
    resolved = (project / path).resolve()
    if not resolved.exists():
        raise InputError("no such file", source=path, remedy="check data.sources in strop.yaml")
    return resolved


def published_schema() -> dict[str, JSON]:
    """The JSON schema of strop.yaml, for editors."""
    return Settings.model_json_schema(by_alias=True)
