"""Doctor tries to get out of the sandbox, and says what it saw."""

from __future__ import annotations

import pytest

from strop.evaluate.sandbox import proven


@pytest.mark.usefixtures("fake_cache")
def test_doctor_shows_every_attempt_to_get_out(strop, tmp_path) -> None:
    found = strop("--json", "--project", tmp_path, "doctor")
    assert found.code == 0
    checks = {check["name"]: check for check in found.json["checks"]}
    assert checks["device"]["state"] in ("ok", "warn") and checks["device"]["detail"]
    if not proven().proofs:
        assert "bubblewrap" in checks["sandbox"]["remedy"]
    for walls, proofs in proven().proofs.items():
        assert {f"{walls}: {proof.name}" for proof in proofs} <= set(checks)
        assert all((checks[f"{walls}: {proof.name}"]["state"] == "ok") is proof.held for proof in proofs)
