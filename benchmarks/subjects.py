"""Public packages with tests of their own in their source archives, which `same.py` compiles whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
        settings: TOML that says what its setup.py says of its native parts.
        taken: patterns of files, below the folder of packages, that are taken from the installed package: those of
            its extensions that are C alone.
        server: which its tests want, `postgres` or `redis`.
        repository: where its source is, of a service that is in no index, with the commit behind `@`.
        folder: of it, in which the service lies.
        variables: those of its tests.
        before: a command that is run before its tests, such as a migration.
    """

    name: str
    needs: str = ""
    tests: Sequence[str] = ("tests",)
    extras: str = ""
    left_out: Sequence[str] = ()
    settings: str = ""
    taken: Sequence[str] = ()
    server: str = ""
    repository: str = ""
    folder: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()

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


def plus_plus(*modules: str, of: str) -> str:
    """Return the settings of modules of a package that are C++."""
    return "".join(f'[tool.buildkit.compile.module."{of}.{module}"]\nlanguage = "c++"\n' for module in modules)


PARSER_OF_AIOHTTP = """
[tool.buildkit.compile.module."aiohttp._http_parser"]
include = ["vendor/llhttp/build"]
define-macros = { LLHTTP_STRICT_MODE = "0" }
sources = [
    "aiohttp/_find_header.c",
    "vendor/llhttp/build/c/llhttp.c",
    "vendor/llhttp/src/native/api.c",
    "vendor/llhttp/src/native/http.c",
]
"""

PARTS_OF_AIOHTTP = re.findall(
    r"\w+",
    """base_protocol client_exceptions client_proto client_request client_response client_session client_ws
    compression_utils connector cookiejar formdata helpers http_exceptions http_parser http_writer multipart payload
    resolver streams tracing urldispatch web_app web_exceptions web_middleware web_request web_response web_runner
    web_urldispatcher web_websocket websocket_parser websocket_writer""",
)
"""A third of its tests: all of them take more than ten minutes each way."""

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
        (
            "dirty-equals sqlmodel flask anyio[trio] PyJWT pwdlib[argon2] inline-snapshot a2wsgi pyyaml httpx2 "
            "pytest-xdist pytest-timeout strawberry-graphql"
        ),
        extras="all",
    ),
    Subject(
        "sqlmodel", "typer pyyaml dirty-equals fastapi httpx jinja2 sqlalchemy[asyncio] aiosqlite pytest-asyncio anyio"
    ),
    Subject("typer", "pytest-xdist coverage"),
    Subject("httpx", "chardet trio trustme uvicorn anyio zstandard brotli h2 socksio rich pygments"),
    Subject("httpcore", "pytest-trio pytest-httpbin h2 socksio trio hpack"),
    Subject("uvicorn", "httpx trustme cryptography a2wsgi pytest-mock anyio[trio] pytest-xdist", extras="standard"),
    Subject("anyio", "pytest-timeout hypothesis psutil pytest-mock trustme truststore exceptiongroup trio"),
    Subject(
        "aiohttp",
        (
            "pytest-mock pytest-codspeed re-assert freezegun proxy.py trustme time-machine isal zlib_ng "
            "pytest-xdist pytest-cov blockbuster pytest-timeout"
        ),
        tests=(
            *(f"tests/test_{part}.py" for part in PARTS_OF_AIOHTTP),
            "-o",
            "addopts=",
            "-m",
            "not dev_mode and not autobahn and not internal",
        ),
        settings=PARSER_OF_AIOHTTP,
    ),
    Subject(
        "celery",
        (
            "pytest-celery pytest-subtests pytest-timeout pytest-click pytest-order boto3 moto pytz pyyaml msgpack "
            "redis pydantic freezegun pymongo sqlalchemy cryptography"
        ),
        tests=(
            "t/unit",
            "--ignore=t/unit/backends/test_azureblockblob.py",
            "--ignore=t/unit/backends/test_gcs.py",
            "--ignore=t/unit/tasks/test_stamping.py",
        ),
    ),
    Subject("rq", "psutil", tests=("tests", "-m", "not slow and not ssl_test"), server="redis"),
    Subject("tenacity", "tornado typeguard pytest-asyncio trio"),
    Subject("structlog", "freezegun pretend pytest-asyncio simplejson time-machine rich"),
    Subject("marshmallow", "simplejson"),
    Subject(
        "cattrs",
        "hypothesis pytest-xdist pytest-benchmark immutables msgspec orjson pyyaml tomlkit ujson cbor2 pymongo",
    ),
    Subject("pyparsing", "railroad-diagrams jinja2 matplotlib"),
    Subject("pydantic-settings", "pytest-mock pytest-examples pyyaml moto boto3"),
    Subject("msgpack", tests=("test",)),
    Subject("asyncpg", "distro uvloop", taken=("asyncpg/protocol/record*.so",), server="postgres"),
    Subject("preshed", tests=("preshed/tests",), settings=plus_plus("maps", "counter", "bloom", of="preshed")),
    Subject("alembic", "sqlalchemy"),
    Subject(
        "sqlalchemy",
        tests=(
            "test/base",
            *(f"test/sql/test_{part}.py" for part in ("compiler", "select", "operators", "types", "resultset")),
            *(f"test/orm/test_{part}.py" for part in ("mapper", "query", "session", "unitofwork", "eager_relations")),
            "-m",
            "not memory_intensive and not timing_intensive",
        ),
        settings='[tool.buildkit]\nsource-root = "lib"\n',
    ),
    Subject("more-itertools"),
    Subject("cachetools"),
    Subject("tinydb", "pyyaml"),
    Subject("arrow", "dateparser pytest-mock pytz simplejson", tests=("tests", "-o", "addopts=")),
    Subject(
        "falcon",
        (
            "pyyaml requests aiofiles httpx uvicorn websockets cbor2 msgpack mujson ujson python-rapidjson orjson "
            "msgspec testtools jsonschema setuptools"
        ),
    ),
    Subject(
        "networkx",
        tests=tuple(
            f"networkx/{part}"
            for part in (
                "classes",
                "algorithms/tests",
                "algorithms/shortest_paths",
                "algorithms/flow",
                "algorithms/isomorphism",
                "algorithms/traversal",
            )
        ),
    ),
    Subject(
        "litestar",
        (
            "litestar[full] beanie beautifulsoup4 fsspec greenlet hypothesis python-dotenv starlette trio aiosqlite "
            "asyncpg psycopg[pool,binary] psycopg2-binary psutil hypercorn daphne opentelemetry-sdk httpx-sse "
            "pytest==8.3.4 pytest-asyncio<1.3 pytest-cov covdefaults pytest-lazy-fixtures pytest-mock "
            "pytest-rerunfailures pytest-timeout pytest-xdist time-machine<3 sqlalchemy<2.1"
        ),
        tests=(
            "tests/unit",
            *(f"--ignore=tests/unit/test_{part}" for part in ("channels", "stores.py", "contrib", "repository", "cli")),
        ),
        repository="https://github.com/litestar-org/litestar@v2.24.0",
    ),
    Subject("flaskr", "flask", repository="https://github.com/pallets/flask@3.1.3", folder="examples/tutorial"),
    Subject(
        "litestar-fullstack",
        (
            "litestar[jinja,jwt,structlog,cryptography,pydantic] advanced-alchemy[uuid,obstore,pwdlib] redis "
            "psycopg[pool,binary] python-dotenv litestar-saq[hiredis] litestar-vite>=0.15.0b4 litestar-granian[uvloop] "
            "litestar-email[smtp]>=0.3.0 httpx-oauth pyotp qrcode[pil] pytest-xdist pytest-mock pytest-cov "
            "pytest-databases[postgres] polyfactory aiosqlite asyncpg sqlalchemy<2.1"
        ),
        tests=("src/py/tests/unit", "-o", "addopts="),
        repository="https://github.com/litestar-org/litestar-fullstack@8b637ce4",
        settings='[tool.buildkit]\nsource-root = "src/py"\npackages = ["app"]\n',
    ),
    Subject(
        "fastapi-template",
        (
            "fastapi[standard] python-multipart email-validator tenacity<9 pydantic emails jinja2 alembic httpx "
            "psycopg[binary] sqlmodel pydantic-settings sentry-sdk[fastapi] pyjwt pwdlib[argon2,bcrypt]"
        ),
        repository="https://github.com/fastapi/full-stack-fastapi-template@a7275354",
        folder="backend",
        server="postgres",
        variables={
            "PROJECT_NAME": "template",
            "SECRET_KEY": "secret-of-tests",
            "FIRST_SUPERUSER": "admin@example.com",
            "FIRST_SUPERUSER_PASSWORD": "password-of-tests",
            "SMTP_HOST": "localhost",
            "EMAILS_FROM_EMAIL": "info@example.com",
        },
        before=("alembic", "upgrade", "head"),
    ),
)
