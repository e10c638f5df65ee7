"""The data and the running service that the tests share."""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from client import Client
from orbits.database import driver_url
from orbits.main import app
from orbits.models import Base
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from stages import run_pipeline


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the outputs of all stages, with the default parameters."""
    folder = tmp_path_factory.mktemp("outputs")
    run_pipeline(folder)
    return folder


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """A real server on a free port of this machine; Starlette's own client would need httpx."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Client(f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def data_path(tmp_path: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data path whose link `current` leads to the outputs."""
    (tmp_path / "current").symlink_to(outputs)
    monkeypatch.setenv("PYBUILDKIT_DATA_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tables in a schema of their own in the database of DATABASE_URL, dropped afterwards."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        pytest.skip("DATABASE_URL is not set: no PostgreSQL to store observations in")
    schema = f"orbits_test_{uuid.uuid4().hex}"
    url = make_url(driver_url(given)).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        Base.metadata.create_all(connection)
        connection.execute(text("INSERT INTO stations VALUES ('redu', 'Redu, Belgium', 50.0, 5.1, 0.4)"))
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    yield
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()
