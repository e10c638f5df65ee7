"""The migration gate of a service that talks to its database by another driver."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.images import Project, inside

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

FILES = {
    "pyproject.toml": """
        [project]
        name = "other"
        version = "1"
        dependencies = ["asyncpg"]

        [tool.buildkit]
        packages = ["app"]

        [tool.buildkit.image.api]
        repository = "REPOSITORY-driver"
        command = ["python", "-m", "app"]
        health = ""
    """,
    "src/app/__init__.py": "",
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "",
    "migrations/versions/1.py": "revision = '1'\ndown_revision = None\n",
}


def test_a_service_with_asyncpg_alone_gets_the_gates_driver_behind_its_own_packages(
    tmp_path: Path, repository: str
) -> None:
    service = Project(tmp_path, repository)
    for name, text in FILES.items():
        service.write(name, text.replace("REPOSITORY", repository))

    _, facts = service.build(required=True)

    code = "import asyncpg, psycopg, sys; print(psycopg.pq.__impl__, psycopg.__file__, sys.path[-1])"
    assert inside(facts["tags"][0], f"python -c '{code}'") == "binary /opt/driver/psycopg/__init__.py /opt/driver"
