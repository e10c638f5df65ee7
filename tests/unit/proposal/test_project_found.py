"""What is found in a project by its files alone: packages, application, commands, revisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.proposal.applications import applications_of, health_of
from buildkit.proposal.commands import chosen_application, commands_of
from buildkit.proposal.layout import layout_of
from buildkit.proposal.look import look
from buildkit.proposal.migrations import Migrations, database_parts, migrations_of
from buildkit.proposal.needs import names_of
from buildkit.proposal.starts import starts_of

ProjectMaker = Callable[[Mapping[str, str]], Path]

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("files", "root", "packages"),
    [
        pytest.param({"src/app/__init__.py": ""}, "src", ("app",), id="src"),
        pytest.param(
            {"app/__init__.py": "", "tests/__init__.py": "", "docs/conf.py": ""}, ".", ("app",), id="flat-beside-tests"
        ),
        pytest.param({"app/main.py": FASTAPI, "scripts/run.py": ""}, ".", ("app",), id="flat-without-init"),
        pytest.param(
            {"app/__init__.py": "", "web.py": "import app, config\n", "config.py": "", "other.py": ""},
            ".",
            ("app", "config", "web"),
            id="modules-that-the-application-imports",
        ),
        pytest.param(
            {"app/__init__.py": "from utils import one\n", "utils/one.py": ""},
            ".",
            ("app", "utils"),
            id="a-folder-that-is-imported",
        ),
        pytest.param(
            {
                "src/py/app/__init__.py": "",
                "src/js/tool.py": "",
                "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["src/py/app"]\n',
            },
            "src/py",
            ("app",),
            id="where-hatchling-is-told",
        ),
        pytest.param(
            {"src/__init__.py": "", "src/app/__init__.py": "", "migrations/env.py": "from src.app import one\n"},
            ".",
            ("src",),
            id="a-package-named-src",
        ),
        pytest.param(
            {"lib/app/__init__.py": "", "pyproject.toml": '[tool.setuptools.package-dir]\n"" = "lib"\n'},
            "lib",
            ("app",),
            id="where-setuptools-is-told",
        ),
    ],
)
def test_the_packages_of_the_service_are_found(
    project: ProjectMaker, files: dict[str, str], root: str, packages: tuple[str, ...]
) -> None:
    found = layout_of(look(project(files)), ["web"])

    assert (found.source_root, found.packages) == (root, packages)


@pytest.mark.parametrize(
    ("files", "target", "factory"),
    [
        pytest.param({"app/main.py": FASTAPI}, "app.main:app", False, id="fastapi"),
        pytest.param(
            {"app/main.py": "import flask as f\nserver = f.Flask(__name__)\n"}, "app.main:server", False, id="alias"
        ),
        pytest.param(
            {"app/main.py": "from fastapi import FastAPI\nclass Own(FastAPI): ...\nmade: Own = Own()\n"},
            "app.main:made",
            False,
            id="a-class-of-its-own",
        ),
        pytest.param(
            {"app/__init__.py": "from flask import Flask\ndef create_app():\n    app = Flask('a')\n    return app\n"},
            "app:create_app",
            True,
            id="factory",
        ),
        pytest.param(
            {"app/asgi.py": "def create_app() -> 'Litestar':\n    from litestar import Litestar\n    return make()\n"},
            "app.asgi:create_app",
            True,
            id="factory-by-its-annotation",
        ),
        pytest.param(
            {
                "app/__init__.py": "from flask import Flask\ndef create_app(x):\n    return Flask(x)\n",
                "web.py": "from app import create_app\napplication = create_app('x')\n",
            },
            "web:application",
            False,
            id="what-a-factory-makes",
        ),
        pytest.param(
            {"app/main.py": FASTAPI, "tests/main.py": FASTAPI, "app/admin.py": FASTAPI.replace("app =", "admin =")},
            "app.main:app",
            False,
            id="the-usual-name-first",
        ),
        pytest.param(
            {
                "app/main.py": FASTAPI,
                "app/admin.py": FASTAPI.replace("app =", "admin ="),
                "Procfile": "web: uvicorn app.admin:admin --port $PORT\n",
            },
            "app.admin:admin",
            False,
            id="what-the-procfile-starts",
        ),
        pytest.param(
            {"app/main.py": "try:\n    from fastapi import FastAPI\n    app = FastAPI()\nexcept ImportError: ...\n"},
            "app.main:app",
            False,
            id="within-try",
        ),
    ],
)
def test_the_application_is_found_by_syntax(
    project: ProjectMaker, files: dict[str, str], target: str, factory: bool
) -> None:
    seen = look(project(files))

    chosen = chosen_application(applications_of(seen, "."), starts_of(seen))

    assert chosen is not None
    assert (chosen.target, chosen.factory) == (target, factory)


def test_a_file_that_is_no_python_hides_nothing(project: ProjectMaker) -> None:
    seen = look(project({"app/main.py": FASTAPI, "app/template.py": "{{ cookiecutter }} =\n"}))

    assert [each.target for each in applications_of(seen, ".")] == ["app.main:app"]


def test_what_only_measures_a_library_is_no_service_of_it(project: ProjectMaker) -> None:
    seen = look(project({"app/__init__.py": "", "tools/benchmarks/free.py": FASTAPI, "bench/__init__.py": FASTAPI}))

    assert applications_of(seen, ".") == []


def test_the_path_of_health_is_taken_from_the_application_alone(project: ProjectMaker) -> None:
    routed = 'router = APIRouter()\n@router.get("/health")\ndef well(): ...\n'
    seen = look(project({"app/main.py": FASTAPI, "app/routes.py": routed}))
    own = look(project({"app/main.py": f'{FASTAPI}@app.get("/healthz")\ndef well(): ...\n'}))
    chosen = applications_of(seen, ".")[0]

    assert health_of(seen, chosen) == ("", "")
    assert health_of(own, chosen) == ("/healthz", "app/main.py:3")


def command(files: dict[str, str], project: ProjectMaker) -> tuple[list[str], list[str], str]:
    """Return the commands of `invoke dev` and of the image, and the server that the project does not declare."""
    seen = look(project(files))
    starts = starts_of(seen)
    found = commands_of(
        seen,
        chosen_application(applications_of(seen, "."), starts),
        starts,
        names_of(seen),
        layout_of(seen).source_root,
    )
    assert found is not None
    return list(found.dev), list(found.image), found.lacks


FLASK = "from flask import Flask\ndef create_app():\n    return Flask('a')\n"


@pytest.mark.parametrize(
    ("files", "dev", "image", "lacks"),
    [
        pytest.param(
            {"app/main.py": FASTAPI, "requirements.txt": "fastapi[standard]>=0.1  # web\n"},
            "uvicorn app.main:app --port {port}",
            "uvicorn app.main:app --host 0.0.0.0 --port 8000",
            "",
            id="uvicorn-comes-with-fastapi",
        ),
        pytest.param(
            {"app/main.py": FASTAPI, "requirements.txt": "fastapi\n"},
            "uvicorn app.main:app --port {port}",
            "uvicorn app.main:app --host 0.0.0.0 --port 8000",
            "uvicorn",
            id="no-server-declared",
        ),
        pytest.param(
            {"app/main.py": FASTAPI, "pyproject.toml": '[tool.poetry.dependencies]\ngranian = "*"\n'},
            "granian --interface asgi app.main:app --port {port}",
            "granian --interface asgi app.main:app --host 0.0.0.0 --port 8000",
            "",
            id="granian",
        ),
        pytest.param(
            {"app/__init__.py": FLASK, "setup.py": "setup(install_requires=['flask', 'gunicorn>2'])\n"},
            "flask --app app:create_app run --port {port}",
            "gunicorn app:create_app() --bind 0.0.0.0:8000",
            "",
            id="flask-and-gunicorn",
        ),
        pytest.param(
            {"app/main.py": "from aiohttp import web\nasync def init(argv):\n    return web.Application()\n"},
            "python -m aiohttp.web -H 127.0.0.1 -P {port} app.main:init",
            "python -m aiohttp.web -H 0.0.0.0 -P 8000 app.main:init",
            "",
            id="aiohttp",
        ),
        pytest.param(
            {"app/main.py": "from aiohttp import web\nasync def init():\n    return web.Application()\n"},
            "python -m app.main",
            "python -m app.main",
            "",
            id="aiohttp-without-arguments",
        ),
        pytest.param(
            {"app/__init__.py": FLASK, "requirements.txt": "flask\n", ".flaskenv": "FLASK_DEBUG=1\n"},
            "flask --app app:create_app run --port {port} --no-reload",
            "flask --app app:create_app run --host 0.0.0.0 --port 8000",
            "",
            id="flask-that-would-reload",
        ),
        pytest.param(
            {"app/__main__.py": "", "app/__init__.py": ""},
            "python -m app",
            "python -m app",
            "",
            id="a-package-that-runs",
        ),
        pytest.param(
            {"app/work.py": "", "Procfile": "release: true\nworker: DEBUG=1 poetry run arq app.work.Settings\n"},
            "arq app.work.Settings",
            "arq app.work.Settings",
            "",
            id="a-worker",
        ),
        pytest.param(
            {"app/work.py": "", "pyproject.toml": '[project.scripts]\nwork = "app.work:main"\n'},
            "work",
            "work",
            "",
            id="a-program",
        ),
    ],
)
def test_the_service_is_run_by_the_server_that_it_declares(
    project: ProjectMaker, files: dict[str, str], dev: str, image: str, lacks: str
) -> None:
    assert command(files, project) == (dev.split(), image.split(), lacks)


@pytest.mark.parametrize(
    ("words", "dev", "image"),
    [
        (
            "/venv/bin/gunicorn -b 0.0.0.0:8080 -w 4 --preload web.run",
            "gunicorn -b 127.0.0.1:{port} -w 4 web.run",
            "gunicorn -b 0.0.0.0:8000 -w 4 --preload web.run",
        ),
        (
            "python -m uvicorn web:make() --host 0.0.0.0 --port 80 --reload",
            "uvicorn web:make() --host 127.0.0.1 --port {port}",
            "uvicorn web:make() --host 0.0.0.0 --port 8000",
        ),
        ("gunicorn web:run", "gunicorn web:run --bind 127.0.0.1:{port}", "gunicorn web:run --bind 0.0.0.0:8000"),
    ],
)
def test_a_server_whose_application_is_not_known_runs_as_it_is_started(
    project: ProjectMaker, words: str, dev: str, image: str
) -> None:
    seen = look(project({"web/__init__.py": ""}))

    found = commands_of(seen, None, starts_of(seen, [(words.replace("()", "'()'"), "Dockerfile:3")]), (), ".")

    assert found is not None
    assert (list(found.dev), list(found.image), found.listens) == (dev.split(), image.split(), True)


def test_a_database_that_is_told_in_parts_is_noticed(project: ProjectMaker) -> None:
    parts = "class S(BaseSettings):\n    DB_USER: str\n    DB_HOST: str\n    DB_PORT: int\n"
    url = "import os\nurl = os.environ['DATABASE_URL']\n"

    assert database_parts(look(project({"app/settings.py": parts}))) == ["DB_HOST", "DB_PORT", "DB_USER"]
    assert database_parts(look(project({"app/settings.py": parts, "app/db.py": url}))) == []


def test_commands_of_a_script_that_an_image_runs_are_read(project: ProjectMaker) -> None:
    script = "#!/bin/sh\nalembic upgrade head && exec gunicorn -b :5000 \\\n  web:app\n"
    seen = look(project({"boot.sh": script}))

    found = starts_of(seen, [("./boot.sh", "Dockerfile:9")])

    assert [(each.words, each.place, each.target) for each in found[:1]] == [
        (("gunicorn", "-b", ":5000", "web:app"), "boot.sh", ("web", "app"))
    ]


CONTEXT = "from alembic import context\n"
ENV = f"{CONTEXT}from app.models import Base\ntarget_metadata = Base.metadata\n"
MODELS = {"app/__init__.py": "", "app/models.py": ""}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({"app/main.py": FASTAPI}, None, id="none"),
        pytest.param(
            {"alembic.ini": "", "migrations/env.py": ENV, **MODELS},
            Migrations("alembic.ini", "", "app.models:Base.metadata", "migrations/env.py:3"),
            id="in-the-usual-place",
        ),
        pytest.param(
            {"app/alembic.ini": "", "app/alembic/env.py": "from alembic import context\n"},
            Migrations("app/alembic.ini", "app/alembic.ini"),
            id="below-the-package",
        ),
        pytest.param(
            {
                "src/alembic.ini": "[alembic]\nscript_location = migrations\n",
                "src/migrations/env.py": "from alembic import context\n",
            },
            Migrations("src/alembic.ini", elsewhere="migrations"),
            id="alembic-runs-elsewhere",
        ),
        pytest.param(
            {
                "src/alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n",
                "src/migrations/env.py": "from alembic import context\n",
            },
            Migrations("src/alembic.ini", "src/alembic.ini"),
            id="alembic-beside-its-file",
        ),
        pytest.param(
            {
                "migrations/alembic.ini": "",
                "migrations/env.py": "from alembic import context\nfrom flask import current_app\n",
            },
            Migrations("migrations/alembic.ini", wants_application="migrations/env.py:2 asks for current_app"),
            id="flask-migrate",
        ),
        pytest.param(
            {
                "alembic.ini": "",
                "migrations/env.py": f"{CONTEXT}from app import models as m\ntarget_metadata = m.B.metadata\n",
                **MODELS,
                "app/db.py": "import os\nurl = os.environ['SQLALCHEMY_DATABASE_URI']\n",
            },
            Migrations(
                "alembic.ini",
                metadata="app.models:B.metadata",
                metadata_place="migrations/env.py:3",
                url_variable="SQLALCHEMY_DATABASE_URI",
                url_place="app/db.py:2",
            ),
            id="another-variable",
        ),
        pytest.param(
            {
                "alembic.ini": "",
                "migrations/env.py": f"{CONTEXT}from other import Base\ntarget_metadata = Base.metadata\n",
                "app/db.py": "import os\nurl = os.getenv('DATABASE_URL') or os.getenv('DB_URL')\n",
            },
            Migrations("alembic.ini"),
            id="nothing-that-is-not-sure",
        ),
    ],
)
def test_revisions_are_found_with_what_must_be_said_of_them(
    project: ProjectMaker, files: dict[str, str], found: Migrations | None
) -> None:
    assert migrations_of(look(project(files)), ".") == found


def test_environments_and_what_tools_keep_are_not_looked_at(project: ProjectMaker) -> None:
    root = project(
        {"app/a.py": "", "venv/pyvenv.cfg": "", "venv/x.py": "", ".hidden/x.py": "", "node_modules/x.py": ""}
    )

    assert look(root).names == ("app/a.py",)
