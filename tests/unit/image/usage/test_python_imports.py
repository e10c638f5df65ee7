"""What a module of Python names: imports of each kind, and texts that may be modules."""

from __future__ import annotations

import textwrap

import pytest

from buildkit.image.usage.python_imports import uses_in_python
from buildkit.image.usage.use import Kind


def named(source: str) -> set[tuple[str, Kind]]:
    return {(use.name, use.kind) for use in uses_in_python(textwrap.dedent(source), "app/a.py")}


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        ("import yaml", "yaml", "import"),
        ("def f():\n    from yaml import load", "yaml", "import"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import httpx", "httpx", "type"),
        ("import typing as t\nif t.TYPE_CHECKING:\n    pass\nelse:\n    import httpx", "httpx", "import"),
        ("try:\n    import ujson\nexcept ImportError:\n    import simplejson", "ujson", "optional"),
        ("try:\n    import ujson\nexcept ImportError:\n    import simplejson", "simplejson", "optional"),
        ("try:\n    import ujson\nexcept (ValueError, ImportError):\n    pass", "ujson", "optional"),
        (
            "try:\n    import ujson\nexcept ImportError as e:\n    raise RuntimeError('install it') from e",
            "ujson",
            "import",
        ),
        ("try:\n    import ujson\nexcept ValueError:\n    pass", "ujson", "import"),
        ("import sys\nif sys.version_info < (3, 11):\n    import tomli", "tomli", "optional"),
        ("import sys\nif sys.platform == 'win32':\n    pass\nelse:\n    import uvloop", "uvloop", "optional"),
        ("if settings.fast:\n    import uvloop", "uvloop", "import"),
        ("from contextlib import suppress\nwith suppress(ImportError):\n    import ujson", "ujson", "optional"),
        ("import importlib\nx = importlib.import_module('ujson')", "ujson", "import"),
        ("x = __import__('ujson')", "ujson", "import"),
        ("x = __import__(name='ujson')", "ujson", "import"),
        ("from importlib import import_module as load\nload('ujson')", "ujson", "import"),
        ("import importlib\nload = importlib.import_module\nload('ujson')", "ujson", "import"),
        ("import importlib\nNAME = 'ujson'\nimportlib.import_module(NAME)", "ujson", "import"),
        ("import importlib\nALL = ('a', 'ujson')\nfor x in ALL:\n    importlib.import_module(x)", "ujson", "import"),
        ("import importlib\nx = [importlib.import_module(n) for n in ['a', 'ujson']]", "ujson", "import"),
        ("import importlib\nname = 'a'\nname = 'b'\nimportlib.import_module(name)", "", "dynamic"),
        ("import importlib\nname = 'a'\ndef f(name):\n    importlib.import_module(name)", "", "dynamic"),
        ("import importlib\nname = 'a'\nname += x\nimportlib.import_module(name)", "", "dynamic"),
        ("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import httpx", "httpx", "import"),
        ("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    0\nelse:\n    import httpx", "httpx", "type"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING and new:\n    import httpx", "httpx", "type"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING or new:\n    import httpx", "httpx", "import"),
        ("from importlib.metadata import entry_points\nentry_points(group='app.parts')", "app.parts", "points"),
        ("import stevedore\nstevedore.ExtensionManager(namespace='app.parts')", "app.parts", "points"),
        ("import pkg_resources\npkg_resources.iter_entry_points('app.parts')", "app.parts", "points"),
        ("from importlib.util import find_spec\nif find_spec('ujson'): ...", "ujson", "optional"),
        ("from importlib.metadata import version\nversion('some-package')", "some-package", "distribution"),
        ("url = 'mysql+aiomysql://root@db/app'", "aiomysql", "dialect"),
        ("url = f'postgresql+asyncpg://{user}@db'", "asyncpg", "dialect"),
        ("build(scheme='postgresql+psycopg')", "psycopg", "dialect"),
        ("url = 'postgresql://db/app'", "psycopg2", "usual"),
        ("url = 'mysql+mysqlconnector://db/app'", "mysql.connector", "dialect"),
        ("from pydantic import BaseModel, EmailStr", "email_validator", "feature"),
        ("import fastapi\ndef f(a = fastapi.Form()): ...", "python_multipart", "feature"),
        ("from starlette.templating import Jinja2Templates", "jinja2", "feature"),
        ("INSTALLED_APPS = ['rest_framework']", "rest_framework", "path"),
        ("LOG = {'class': 'pythonjsonlogger.json.JsonFormatter'}", "pythonjsonlogger.json.JsonFormatter", "path"),
        ("LOG = {'()': 'structlog'}", "structlog", "word"),
        ("worker = 'uvicorn.workers:UvicornWorker'", "uvicorn.workers", "path"),
        ("import os\nos.system('ffmpeg -i a b')", "ffmpeg", "program"),
        ("import cython\nfrom cython.cimports.numpy import ndarray", "numpy", "cimport"),
        ("import importlib\ndef f(name):\n    importlib.import_module(name)", "", "dynamic"),
        (
            "import importlib\ndef f(name):\n    importlib.import_module(f'app.plugins.{name}')",
            "app.plugins.",
            "dynamic",
        ),
        ("import importlib\ndef f(name):\n    importlib.import_module('app.' + name)", "app.", "dynamic"),
        ("import importlib\ndef f(name):\n    importlib.import_module('app.%s' % name)", "app.", "dynamic"),
        ("import importlib\ndef f(name):\n    importlib.import_module(f'{__name__}.{name}')", ".", "dynamic"),
        ("import importlib\ndef f(name):\n    importlib.import_module(name, package=__package__)", ".", "dynamic"),
    ],
)
def test_a_use_is_seen_as_what_it_is(source: str, name: str, kind: Kind) -> None:
    assert (name, kind) in named(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""httpx"""',
        "def f():\n    'httpx'",
        "def f(a: 'httpx') -> 'httpx.Client': ...",
        "from typing import cast\ncast('httpx', 1)",
        "# httpx",
        "from .httpx import a",
        "from . import httpx",
        "log('httpx failed to answer')",
    ],
)
def test_what_only_speaks_of_a_package_is_no_use(source: str) -> None:
    assert not {name for name, _ in named(source) if name.startswith("httpx")}


def test_members_that_may_be_modules_are_named() -> None:
    found = uses_in_python("from google import auth, protobuf", "a.py")

    assert found[0].members == ("auth", "protobuf")
    assert found[0].place == "a.py:1"


def test_a_source_of_a_newer_python_is_read_line_by_line() -> None:
    found = named("import yaml\nthis is no Python\nfrom ujson import loads\n")

    assert {("yaml", "import"), ("ujson", "import")} <= found


def test_an_import_in_a_function_is_late() -> None:
    first, second = uses_in_python("import a\ndef f():\n    import b\n", "a.py")

    assert (first.late, second.late) == (False, True)
