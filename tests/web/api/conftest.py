"""A served project: its application in this process, asked as a client would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from strop.project import Project
from strop.web import server


@pytest.fixture
def client(promoted: Project) -> Iterator[TestClient]:
    app, gateway = server.build(promoted)
    yield TestClient(app, base_url="http://localhost", raise_server_exceptions=True, follow_redirects=False)
    gateway.close()
