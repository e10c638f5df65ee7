"""Notes, against a database of the development server that has all revisions: the fixture is the suite's."""

import pytest
from app import database, notes
from sqlalchemy.orm import Session


def test_a_note_is_kept(buildkit_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", buildkit_database_url)
    database.engine.cache_clear()

    with Session(database.engine()) as session:
        notes.written(notes.Written(text="first", author="me"), session)

        assert notes.listed(session) == [notes.Written(text="first", author="me")]
    database.engine().dispose()
