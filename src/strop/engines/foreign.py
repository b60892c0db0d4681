"""An adapter that was made elsewhere: is it safe to open, and is it one of this base? Read from its files alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePath

import numpy as np

from strop.errors import InputError
from strop.records import JSON, Base

CONFIG, WEIGHTS, NOTE = "adapter_config.json", "adapter_model.safetensors", "strop.json"
_PART = re.compile(r"base_model\.model\.(?P<module>.+)\.(?P<kind>lora_A|lora_B|lora_magnitude_vector)(?:\.weight)?$")
_WHOLE = re.compile(r"base_model\.model\.(?P<name>.+)$")
_EXPONENTS = {"F64": (8, 0x7FF << 52), "F32": (4, 0xFF << 23), "BF16": (2, 0xFF << 7), "F16": (2, 0x1F << 10)}
"""The bytes of a number, and where its exponent stands in them."""
Shape = tuple[int, ...]


def read_config(folder: Path) -> dict[str, JSON]:
    """The configuration of a PEFT folder. Raises InputError for what is none, or is not LoRA in safetensors."""
    if not folder.is_dir() or not (folder / CONFIG).is_file():
        raise InputError(
            f"holds no {CONFIG}", source=folder, remedy="name the folder that PEFT's save_pretrained wrote"
        )
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        kind = str(config["peft_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"cannot be read ({error})", source=folder / CONFIG, remedy="save the adapter again"
        ) from error
    if kind != "LORA":
        raise InputError(
            f"is an adapter of kind {kind}: whether it fits a base cannot be told", source=folder / CONFIG,
            remedy="LoRA and DoRA are read; run others behind a server and name it under ladder.incumbent (remote)",
        )  # fmt: skip
    if not (folder / WEIGHTS).is_file():
        raise InputError(
            f"holds no {WEIGHTS}", source=folder,
            remedy="pickled weights are never read: save it with save_pretrained(…, safe_serialization=True)",
        )  # fmt: skip
    return dict(config)


def made_for(config: Mapping[str, JSON]) -> str:
    """The name of the base that an adapter says it was made for; empty where it says none."""
    return str(config.get("base_model_name_or_path") or "")


def check_fits(folder: Path, config: Mapping[str, JSON], base: Base) -> None:
    """Raise InputError for an adapter of another base: by the name that it says, strop's own note, or a shape.

    A name that is a path says where the base lay, not which it is; then the shapes decide alone. Shapes tell bases of
    one architecture and size apart from none: what they cannot tell, the name has to. One with a number that is not
    finite fits none.
    """
    name = made_for(config)
    known = {_plain(base.name), _plain(base.path)} | ({_plain(base.source)} if "/" in base.source else set())
    if name and not PurePath(name).is_absolute() and not name.startswith(".") and _plain(name) not in known:
        raise InputError(
            f"was made for {name}, not for {base.name}", source=folder / CONFIG,
            remedy="name its own base under ladder.incumbent (base: …); strop models list shows those at hand",
        )  # fmt: skip
    _refuse_note(folder, base)
    weights: dict[str, Shape] = {}
    for file in sorted(Path(base.path).glob("*.safetensors")):
        weights |= shapes(file)
    turned = bool(config.get("fan_in_fan_out"))
    parts = shapes(folder / WEIGHTS)
    if not parts:
        raise InputError("holds no weights", source=folder / WEIGHTS, remedy="save the adapter again")
    for key, shape in parts.items():
        if (fault := _misfit(key, shape, weights, turned=turned)) is not None:
            raise InputError(
                f"does not fit {base.name}: {fault}", source=folder / WEIGHTS,
                remedy="name its own base under ladder.incumbent (base: …); strop models list shows those at hand",
            )  # fmt: skip

    try:
        broken = _not_finite(folder / WEIGHTS)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"is torn ({error})", source=folder / WEIGHTS, remedy="save the adapter again") from error
    if broken is not None:
        raise InputError(
            f"{broken} holds numbers that are not finite", source=folder / WEIGHTS,
            remedy="its training went wrong: train it again, or name an earlier checkpoint",
        )  # fmt: skip


def _not_finite(file: Path) -> str | None:
    """The first floating-point tensor of a safetensors file with a NaN or an infinity; None where there is none.

    Such a number has an exponent of ones alone (IEEE 754; bfloat16 is the upper half of a float32).
    """
    held = np.memmap(file, np.uint8, "r")
    start = 8 + int.from_bytes(held[:8].tobytes(), "little")
    for name, tensor in json.loads(held[8:start].tobytes()).items():
        width, exponent = _EXPONENTS.get(str(tensor.get("dtype")), (0, 0))
        if width:
            first, end = (start + int(place) for place in tensor["data_offsets"])
            bits = np.frombuffer(held[first:end].tobytes(), f"<u{width}")
            if bool(((bits & exponent) == exponent).any()):
                return str(name)
    return None


def _refuse_note(folder: Path, base: Base) -> None:
    """strop's note in a folder that it exported says whose it is, whatever its configuration was made to say."""
    try:
        note = json.loads((folder / NOTE).read_text("utf-8"))
        own = str(note["base"]), str(note["base_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if own[0] != base.id and _plain(own[1]) != _plain(base.name):  # the same one may come from another source
        raise InputError(
            f"was made for {own[1]} ({own[0]}), not for {base.name} ({base.id})", source=folder / NOTE,
            remedy="name its own base under ladder.incumbent (base: …); strop models list shows those at hand",
        )  # fmt: skip


def shapes(file: Path) -> dict[str, Shape]:
    """Names and shapes of a safetensors file, from its header (8 bytes length, then JSON)."""
    try:
        with file.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        return {name: tuple(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError) as error:
        raise InputError(f"is no safetensors file ({error})", source=file, remedy="save it again") from error


def _misfit(key: str, shape: Shape, weights: Mapping[str, Shape], *, turned: bool) -> str | None:
    """What of one tensor does not fit the base's weights."""
    part = _PART.match(key)
    if part is None:
        whole = _WHOLE.match(key)
        name = whole["name"] if whole else key
        there = weights.get(name)
        return None if there == shape else f"{name} is {list(shape)}, there {_told(there)}"
    there = weights.get(f"{part['module']}.weight")
    if there is None and part["module"] == "lm_head":  # tied to the embedding
        there = next((found for name, found in weights.items() if name.endswith("embed_tokens.weight")), None)
    if there is None or len(there) != 2:
        return f"it has no linear map {part['module']}"
    out, into = reversed(there) if turned else there
    wanted, own = (into, shape[-1]) if part["kind"] == "lora_A" else (out, shape[0])
    return None if own == wanted else f"{part['module']} is {list(there)} there, {part['kind']} is {list(shape)}"


def _told(shape: Shape | None) -> str:
    return "it does not exist" if shape is None else str(list(shape))


def _plain(name: str) -> str:
    """The last part of a name; the same weights in 4 bits, to be tuned on, are the same base."""
    return PurePath(name).name.casefold().removesuffix("-bnb-4bit").removesuffix("-unsloth")
