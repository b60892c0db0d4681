"""Documents that are made from the code are not stale: ``make docs`` would change nothing."""

from __future__ import annotations

from pathlib import Path

from strop.cli import reference

ROOT = Path(__file__).parent.parent.parent


def test_the_settings_page_is_fresh() -> None:
    assert (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8") == reference.settings_page()


def test_the_commands_page_is_fresh() -> None:
    assert (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8") == reference.commands_page()


def test_readmes_tree_is_fresh() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert reference.with_tree(readme, ROOT / "src" / "strop") == readme
