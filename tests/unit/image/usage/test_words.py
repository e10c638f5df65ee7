"""What settings and commands name."""

from __future__ import annotations

from buildkit.image.usage.project import File
from buildkit.image.usage.words import of_command, of_tables, uses_in_settings


def named(path: str, text: str) -> set[tuple[str, str, int]]:
    return {(use.name, use.kind, use.line) for use in uses_in_settings(File(path, "runtime", text))}


def test_a_dockerfile_starts_what_its_command_names_and_not_what_it_installs() -> None:
    text = 'FROM python\nRUN pip install gunicorn && run install\nCMD ["gunicorn", "-k", "uvicorn.workers.Worker"]\n'
    found = named("Dockerfile", text)

    assert {("gunicorn", "program", 3), ("uvicorn.workers.Worker", "path", 3)} <= found
    assert not any(line == 2 and name == "gunicorn" for name, _, line in found)


def test_what_a_tool_of_environments_runs_is_started() -> None:
    for line in ("poetry run uvicorn app:app", "uv run --no-sync uvicorn app:app", "pdm run uvicorn app:app"):
        assert ("uvicorn", "program", 1) in named("Dockerfile", f"CMD alembic upgrade head && {line}")
        assert ("uvicorn", "program", 1) in named("start.sh", f"pip install -r requirements.txt && {line}")
        assert ("uvicorn", "program", 1) in named("start.sh", f"pip install -r requirements.txt ; {line} # 1")
    assert named("app.ini", "; celery\n[a]\nb = redis\n").isdisjoint({("celery", "word", 1)})
    assert not any(name == "uvicorn" for name, _, _ in named("start.sh", "poetry add uvicorn; uv pip install uvicorn"))


def test_a_procfile_and_a_script_start_programs() -> None:
    assert ("celery", "program", 1) in named("Procfile", "worker: celery -A app worker")
    assert ("celery", "program", 2) in named("run.sh", "# gunicorn\nexec celery worker\n")
    assert not any(name == "gunicorn" for name, _, _ in named("run.sh", "# gunicorn\nexec celery worker\n"))


def test_a_compose_file_names_by_its_commands_and_not_by_its_keys() -> None:
    text = (
        "services:\n  redis:\n    image: redis\n  web:\n    command:\n      - celery\n    depends_on:\n      - redis\n"
    )
    found = named("compose.yaml", text)

    assert ("celery", "program", 6) in found
    assert not any(name == "redis" for name, _, _ in found)


def test_an_address_in_a_setting_names_its_driver() -> None:
    assert ("aiomysql", "dialect", 1) in named(".env.example", "URL=mysql+aiomysql://root@db/app")
    assert ("asyncpg", "dialect", 2) in named("alembic.ini", "[alembic]\nsqlalchemy.url = postgresql+asyncpg://db\n")


def test_a_word_of_other_settings_is_a_name_that_stands_there() -> None:
    assert ("pythonjsonlogger.json.Formatter", "path", 1) in named("log.yaml", "class: pythonjsonlogger.json.Formatter")
    assert ("redis", "word", 1) in named("app.toml", 'backend = "redis"')


def test_a_command_of_the_settings_is_words_that_are_started() -> None:
    found = {(use.name, use.place) for use in of_command(["/opt/venv/bin/uvicorn", "app:app"], "image.api.command")}

    assert ("uvicorn", "image.api.command") in found


def test_tables_of_tools_do_not_name_what_runs() -> None:
    tables = {
        "project": {"dependencies": ["pydantic"]},
        "tool": {"mypy": {"plugins": ["pydantic.mypy"]}, "app": ["a.b"]},
    }

    assert {use.name for use in of_tables(tables, "pyproject.toml")} == {"a.b"}
