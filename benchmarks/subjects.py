"""Public packages with tests of their own in their source archives, which `same.py` compiles whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A package whose own tests say whether it means the same when it is compiled.

    Args:
        name: the distribution.
        needs: what its tests need beside the package and pytest, with blanks between.
        tests: the words behind `pytest`: which tests, in its archive.
        extras: extras of the package to install.
        left_out: tests that do not come to their end as plain Python where there is no network, or that hang on
            machines without a terminal.
    """

    name: str
    needs: str = ""
    tests: Sequence[str] = ("tests",)
    extras: str = ""
    left_out: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        """The command of its tests."""
        return [
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *self.tests,
            *(f"--deselect={test}" for test in self.left_out),
        ]


SUBJECTS = (
    Subject("itsdangerous", "freezegun"),
    Subject("h11", tests=("h11/tests",)),
    Subject("click"),
    Subject("attrs", "hypothesis cloudpickle"),
    Subject("markupsafe"),
    Subject("jinja2", "trio"),
    Subject(
        "werkzeug",
        "pytest-timeout pytest-xprocess ephemeral-port-reserve watchdog cryptography",
        tests=("tests", "-k", "not reloader"),
    ),
    Subject("flask", "asgiref python-dotenv pytest<9"),
    Subject("flask-sqlalchemy"),
    Subject(
        "starlette",
        "httpx trio anyio itsdangerous jinja2 python-multipart pyyaml httpx2 opentelemetry-sdk pytest-codspeed",
    ),
    Subject(
        "fastapi",
        "dirty-equals sqlmodel flask anyio[trio] PyJWT pwdlib[argon2] inline-snapshot a2wsgi pyyaml httpx2",
        extras="all",
    ),
    Subject("sqlmodel", "dirty-equals fastapi httpx jinja2 sqlalchemy[asyncio] aiosqlite pytest-asyncio anyio"),
    Subject("typer", "pytest-xdist coverage"),
    Subject("httpx", "chardet trio trustme uvicorn anyio zstandard brotli h2 socksio rich pygments"),
    Subject("httpcore", "pytest-trio pytest-asyncio pytest-httpbin h2 socksio trio hpack"),
    Subject("uvicorn", "httpx trustme cryptography a2wsgi pytest-mock anyio[trio] pytest-xdist", extras="standard"),
    Subject("anyio", "hypothesis psutil pytest-mock trustme truststore exceptiongroup trio"),
    Subject(
        "aiohttp",
        (
            "pytest-mock pytest-codspeed re-assert freezegun proxy.py trustme time-machine isal zlib_ng "
            "pytest-xdist pytest-cov blockbuster pytest-aiohttp"
        ),
    ),
    Subject(
        "celery",
        (
            "pytest-celery pytest-subtests pytest-timeout pytest-click pytest-order boto3 moto pytz pyyaml msgpack "
            "redis pydantic freezegun pymongo sqlalchemy cryptography"
        ),
        tests=("t/unit", "--ignore=t/unit/backends/test_azureblockblob.py", "--ignore=t/unit/backends/test_gcs.py"),
    ),
    Subject("rq", "psutil"),
    Subject("tenacity", "tornado typeguard pytest-asyncio trio"),
    Subject("structlog", "freezegun pretend pytest-asyncio simplejson time-machine rich"),
    Subject("marshmallow", "simplejson"),
    Subject(
        "cattrs",
        "hypothesis pytest-xdist pytest-benchmark immutables msgspec orjson pyyaml tomlkit ujson cbor2 pymongo",
    ),
    Subject("pydantic-settings", "pytest-mock pytest-examples pyyaml moto boto3"),
    Subject("msgpack", tests=("test",)),
    Subject("asyncpg", "distro uvloop"),
    Subject("preshed", tests=("preshed/tests",)),
    Subject("alembic", "sqlalchemy"),
    Subject(
        "sqlalchemy",
        tests=("test/base", "test/sql", "test/engine", "-m", "not memory_intensive and not timing_intensive"),
    ),
    Subject("more-itertools"),
    Subject("networkx", tests=("networkx/algorithms", "networkx/classes")),
)
