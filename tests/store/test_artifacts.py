"""Artifacts: kept by the hash of their content, never torn, never changed."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.errors import StorageError
from strop.records import ItemResult, LedgerLine
from strop.store import Artifacts

LINES = [
    LedgerLine(source="rows.csv", line=2, action="kept", example="ex_1"),
    LedgerLine(source="rows.csv", line=3, action="dropped", reason="empty", detail="naïve \u2028 \x00"),
]


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


def _adapter(folder: Path, text: str = "weights") -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "adapter.bin").write_text(text)
    (folder / "inner" / "config.json").write_text("{}")
    return folder


def test_lines_come_back(artifacts: Artifacts) -> None:
    digest = artifacts.put_jsonl(iter(LINES))
    assert artifacts.read_jsonl(digest, LedgerLine) == LINES
    told = subprocess.run(["sha256sum", artifacts.path(digest)], capture_output=True, text=True, check=True)
    assert told.stdout.split()[0] == digest
    assert artifacts.path(digest).suffix == ".jsonl"


def test_of_many_lines_those_are_read_that_hold_some_bytes(artifacts: Artifacts) -> None:
    digest = artifacts.put_jsonl([*LINES, LedgerLine(source='"action":"dropped"', line=4, action="kept")])
    assert artifacts.read_jsonl(digest, LedgerLine, holding=[b'"action":"dropped"']) == LINES[1:]  # no quoted text
    assert artifacts.read_jsonl(digest, LedgerLine, holding=[b'"line":2,', b'"reason":"empty"']) == LINES
    artifacts.path(digest).chmod(0o644)
    artifacts.path(digest).write_bytes(b"\n")
    with pytest.raises(StorageError):
        artifacts.read_jsonl(digest, LedgerLine, holding=[b"nothing"])


def test_equal_content_is_stored_once(artifacts: Artifacts) -> None:
    assert artifacts.put_jsonl(LINES) == artifacts.put_jsonl(LINES) != artifacts.put_jsonl(LINES[:1])
    assert len(list(artifacts.all())) == 2
    assert artifacts.put_jsonl([]) == artifacts.put_bytes(b"")


@given(
    scores=st.dictionaries(st.text(min_size=1), st.floats() | st.tuples(st.floats(), st.floats(), st.floats())),
    answer=st.text(),
)
def test_any_number_and_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, float | tuple[float, float, float]], answer: str
) -> None:
    artifacts = Artifacts(tmp_path_factory.getbasetemp() / "any")
    item = ItemResult(example="ex_1", answer=answer, scores=scores)
    (back,) = artifacts.read_jsonl(artifacts.put_jsonl([item]), ItemResult)
    assert repr(back) == repr(item)  # repr, because nan is not equal to itself


def test_a_folder_is_taken_over(artifacts: Artifacts, tmp_path: Path) -> None:
    digest = artifacts.put_folder(_adapter(tmp_path / "work" / "artifact"))
    assert not (tmp_path / "work" / "artifact").exists()
    assert (artifacts.path(digest) / "adapter.bin").read_text() == "weights"
    assert artifacts.verify(digest)
    assert stat.S_IMODE((artifacts.path(digest) / "inner" / "config.json").stat().st_mode) == 0o444


def test_equal_folders_are_stored_once(artifacts: Artifacts, tmp_path: Path) -> None:
    one = artifacts.put_folder(_adapter(tmp_path / "a"))
    assert artifacts.put_folder(_adapter(tmp_path / "b")) == one
    assert artifacts.put_folder(_adapter(tmp_path / "c", "other")) != one
    assert not (tmp_path / "b").exists()
    assert len(list(artifacts.all())) == 2


def test_a_folder_from_another_file_system(artifacts: Artifacts, tmp_path: Path) -> None:
    if not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is not another file system here")
    elsewhere = Path("/dev/shm") / f"strop-{os.getpid()}"
    try:
        digest = artifacts.put_folder(_adapter(elsewhere))
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)
    assert artifacts.verify(digest)
    assert not elsewhere.exists()
    assert list(artifacts.folder.glob(".*")) == []


def _change_file(path: Path) -> None:
    (path / "adapter.bin").chmod(0o644)
    (path / "adapter.bin").write_text("weighty")


def _remove_file(path: Path) -> None:
    (path / "inner" / "config.json").unlink()


def _add_file(path: Path) -> None:
    (path / "modeling.py").write_text("import os")


def _remove_manifest(path: Path) -> None:
    (path / "manifest.json").unlink()


def _reseal(path: Path) -> None:
    """Change a file and the manifest with it: the artifact's name gives it away."""
    from strop import durable

    _change_file(path)
    durable.seal_folder(path)


@pytest.mark.parametrize("fault", [_change_file, _remove_file, _add_file, _remove_manifest, _reseal])
def test_a_changed_folder_is_noticed_and_mended(
    artifacts: Artifacts, tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    digest = artifacts.put_folder(_adapter(tmp_path / "a"))
    fault(artifacts.path(digest))
    assert not artifacts.verify(digest)
    assert artifacts.put_folder(_adapter(tmp_path / "b")) == digest
    assert artifacts.verify(digest)


def test_a_changed_file_is_never_read(artifacts: Artifacts) -> None:
    digest = artifacts.put_jsonl(LINES)
    artifacts.path(digest).chmod(0o644)
    artifacts.path(digest).write_bytes(artifacts.path(digest).read_bytes().replace(b"kept", b"lost"))
    with pytest.raises(StorageError, match="changed or damaged"):
        artifacts.read_jsonl(digest, LedgerLine)
    assert artifacts.put_jsonl(LINES) == digest
    assert artifacts.read_jsonl(digest, LedgerLine) == LINES


def test_what_is_not_there_says_so(artifacts: Artifacts) -> None:
    assert not artifacts.has("a" * 64)
    assert not artifacts.verify("a" * 64)
    with pytest.raises(StorageError, match="not in this project"):
        artifacts.path("a" * 64)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a_name_that_is_no_hash_is_refused(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(StorageError, match="not the hash"):
        artifacts.path(name)


def test_a_failed_put_leaves_nothing(artifacts: Artifacts) -> None:
    def lines() -> object:
        yield LINES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        artifacts.put_jsonl(lines())  # type: ignore[arg-type]
    assert list(artifacts.folder.iterdir()) == []


def test_redacted_means_gone_and_pointed_on(artifacts: Artifacts, tmp_path: Path) -> None:
    old, new = artifacts.put_jsonl(LINES), artifacts.put_jsonl(LINES[:1])
    place = artifacts.path(old)
    artifacts.redact(old, new)
    assert not place.exists()
    assert artifacts.read_jsonl(old, LedgerLine) == LINES[:1]
    assert artifacts.verify(old)
    folder = artifacts.put_folder(_adapter(tmp_path / "a"))
    artifacts.redact(folder, None)
    artifacts.redact(folder, None)
    assert not artifacts.has(folder)
    assert list(artifacts.all()) == [new]


def test_a_redacted_artifact_does_not_come_back(artifacts: Artifacts) -> None:
    """Curating the same file again must not restore what somebody asked to have erased."""
    old, new = artifacts.put_jsonl(LINES), artifacts.put_jsonl(LINES[:1])
    artifacts.redact(old, new)
    assert artifacts.put_jsonl(LINES) == old
    assert artifacts.read_jsonl(old, LedgerLine) == LINES[:1]
    artifacts.redact(new, None)
    with pytest.raises(StorageError, match="erased"):
        artifacts.put_jsonl(LINES)
