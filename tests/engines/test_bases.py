"""Bases: pinned by hash, refused when unsafe or changed, found by name with help. No model is loaded here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strop.engines import bases
from strop.errors import InputError, NotReady, UnknownRecord, UserError
from strop.records import Event, silent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder as transformers writes it, with 10 weights."""
    folder = tmp_path / "My Model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    save_file({"a": np.zeros((2, 3), np.float32), "b": np.zeros(4, np.float32)}, folder / "model.safetensors")
    return folder


def test_importing_bases_brings_no_torch() -> None:
    code = "import strop.engines.bases, sys; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_fake_base_is_always_at_hand(tmp_path: Path) -> None:
    assert [base.name for base in bases.at_hand(tmp_path)] == ["fake-small"]
    assert bases.find(tmp_path, "fake-small").engine == "fake"


def test_a_local_folder_is_pinned_where_it_lies(tmp_path: Path, folder: Path) -> None:
    base = bases.add(tmp_path / "cache", str(folder), on_event=silent)
    assert (base.name, base.parameters, base.path) == ("my-model", 10, str(folder))
    assert set(base.files) == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert base.template_hash == bases.template_hash("{{ messages }}")
    assert bases.at_hand(tmp_path / "cache")[1] == base
    assert bases.find(tmp_path / "cache", "my-model") == bases.find(tmp_path / "cache", base.id) == base
    bases.verify(base, tmp_path / "cache")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_file_is_named(tmp_path: Path, folder: Path, file: str) -> None:
    base = bases.add(tmp_path / "cache", str(folder), on_event=silent)
    bases.verify(base, tmp_path / "cache")
    data = bytearray((folder / file).read_bytes())
    data[-1] ^= 1
    before = (folder / file).stat()
    (folder / file).write_bytes(bytes(data))
    os.utime(folder / file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy that keeps times
    with pytest.raises(InputError, match=f"{file}.*is not the file that base my-model was pinned with"):
        bases.verify(base, tmp_path / "cache")
    (folder / file).unlink()
    with pytest.raises(InputError, match="is gone"):
        bases.verify(base, tmp_path / "cache")


def test_hashes_are_computed_once(tmp_path: Path, folder: Path) -> None:
    base = bases.add(tmp_path / "cache", str(folder), on_event=silent)
    bases.verify(base, tmp_path / "cache")
    known = json.loads((tmp_path / "cache" / "hashes.json").read_text())
    path = str(folder / "model.safetensors")
    known[path][-1] = "another"  # what the memory says is believed while size and times are the same
    (tmp_path / "cache" / "hashes.json").write_text(json.dumps(known))
    with pytest.raises(InputError, match=r"model\.safetensors"):
        bases.verify(base, tmp_path / "cache")
    (tmp_path / "cache" / "hashes.json").write_text("torn{")
    bases.verify(base, tmp_path / "cache")


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_with_a_model_is_refused(tmp_path: Path, folder: Path, file: str) -> None:
    content = json.loads((folder / file).read_text()) | {"auto_map": {"AutoModel": "modeling.Evil"}}
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(InputError, match="auto_map"):
        bases.add(tmp_path / "cache", str(folder), on_event=silent)
    assert len(bases.at_hand(tmp_path / "cache")) == 1


def test_pickled_weights_are_refused(tmp_path: Path, folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        bases.add(tmp_path / "cache", str(folder), on_event=silent)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_what_is_no_model_folder_is_refused(tmp_path: Path, folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(InputError, match=missing):
        bases.add(tmp_path / "cache", str(folder), on_event=silent)


def test_unknown_names_come_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownRecord, match="smollm2-135m-instruct"):
        bases.find(tmp_path, "smollm2-135m")
    with pytest.raises(UnknownRecord, match="did you mean smollm2-135m-instruct"):
        bases.add(tmp_path, "smollm2-135m-instrct", on_event=silent)
    with pytest.raises(NotReady, match="strop models add smollm2-135m-instruct"):
        bases.find(tmp_path, "smollm2-135m-instruct")


def test_a_licence_is_asked_for_before_anything_is_fetched(tmp_path: Path) -> None:
    events: list[Event] = []
    for word in (None, "apache"):
        with pytest.raises(UserError, match="--accept-licence gemma"):
            bases.add(tmp_path, "gemma3-270m", accept_licence=word, on_event=events.append)
    assert not events


def test_no_template_means_the_named_default(tmp_path: Path, folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text("{}")
    assert bases.template_of(folder) is None
    base = bases.add(tmp_path / "cache", str(folder), on_event=silent)
    assert base.template_hash == bases.template_hash(bases.DEFAULT_TEMPLATE)
    (folder / "chat_template.jinja").write_text("{{ x }}")
    assert bases.template_of(folder) == "{{ x }}"
    named = {"chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]}
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps(named))
    assert bases.template_of(folder) == "d"


def test_the_gemma_parts_are_in_order() -> None:
    parts = [member for _, member in bases.CATALOGUE["gemma3-270m"].members.values()]
    assert [part[-2:] for part in parts] == ["00", "01", "02", "03"]
