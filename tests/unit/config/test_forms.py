"""Names become names of files, images and variables: what does not fit is named with its key first of all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.config.forms import FORMS
from buildkit.errors import ConfigurationError

FITTING: list[tuple[str, list[Any]]] = [
    ("image", ["api", "API", "worker_2", "latest", "a" * 63]),
    ("stage", ["read", "a.b", "read all", "prüfen", "2nd"]),
    ("pattern", ["app.fast", "app.*", "app.[ab]?", "*"]),
    ("packages", [("app",), ("app.core", "größe"), ()]),
    ("within", [("tle/*.txt", "a b/c..d"), ()]),
    ("mount", ["/app/data", "/data", "/var/lib/app", "/srv/.data"]),
    ("health", ["", "auto", "/", "/health?full=1", "file:/tmp/alive", ("celery", "inspect", "ping")]),
    ("port", [1, 65535]),
    ("repository", ["", "api", "registry.example.org:5000/team/a__b-c.d", "[::1]:5000/api"]),
    ("reference", ["", "python:3.12-slim", "localhost/python-build:3.11", f"a/b@sha256:{'0' * 64}"]),
    ("arguments", [{"HTTP_PROXY": "http://proxy:3128", "LEVEL": 3}]),
    ("secrets", [{"pip.conf": "env:PIP_CONF", "netrc": "~/.netrc"}]),
    ("slimming", [("symbols", "tests", "static", "bytecode"), ()]),
    ("system_packages", [("libpq5", "g++", "libpq5=15.3-0+deb12u1", "libc6:amd64", "py3-pip~1.2"), ()]),
    ("assets", [(), ({"run": "make"}, {"run": "x", "from": "node:22", "inputs": ["a b"], "outputs": ["static/dist"]})]),
    ("writable", [("uploads", "var/cache", "/var/lib/app", "/tmp/app"), ()]),
    (
        "environment",
        [
            {"LOG_LEVEL": "info", "WORKERS": 2, "CACHE": "redis://cache:6379/0"},
            {"TOKEN_URL": "https://x", "PASSWORD_MIN_LENGTH": 8, "TOKENIZERS_PARALLELISM": "no", "PUBLIC_KEY": "x"},
            {"API_KEY": "", "HOME": "/var/lib/app"},
        ],
    ),
]
UNFIT: list[tuple[str, list[Any]]] = [
    ("image", ["", ".", "..", "../../app", "a/b", "a b", ".a", "-a", "a.b", "ü", "a\n", "a" * 64]),
    ("stage", [".", "..", "../x", "a/b", "stage:a", "a\n", "a\x1b[2J", " a", ".a", "a" * 101]),
    ("pattern", ["", "../x", "/etc", "a/b", "app..fast", ".app", "app\n"]),
    ("packages", [("../x",), ("/etc",), ("",), ("a-b",), ("a..b",)]),
    ("within", [("../x",), ("/etc",), ("a/../../b",), ("~/x",), ("",), ("a\n",)]),
    (
        "mount",
        ["", "/", "data", "/app", "/etc", "/a/../b", "/a/", "//a", "/opt/venv/x", "/proc/1", "/app/$(id)\\n", "/a b"],
    ),
    ("health", ["x", "/a b", '/x"]\nRUN id', "/\\", "file:", "file:alive", "file:/a b", "file:/a/../b", (), ("",)]),
    ("port", [0, 65536]),
    ("repository", ["API", "a:b", "ok\nSERVICE_IMAGE=evil", "/a", "a//b", "-a", "a/"]),
    ("reference", ["a b", "--help", "python\n", ":3", "python:"]),
    ("arguments", [{"A B": "x"}, {"A": ["x"]}, {"A": True}, {"A": "x\ny"}, {"": "x"}]),
    ("secrets", [{"a b": "x"}, {"a": ""}, {"a": 3}, {"a": "env:"}, {"a": "env:A B"}, {"../a": "x"}]),
    ("slimming", [("docs",), ("Symbols",), ("",)]),
    ("system_packages", [("lib pq5",), ("a;id",), ("$(id)",), ("-y",), ("a'",), ("",), ("a=",)]),
    (
        "assets",
        [
            *(({"run": "make", **more},) for more in ({"output": ["x"]}, {"from": "a b"}, {"from": "a\nRUN id"})),
            *(({"run": "make", "outputs": each},) for each in ("x", ["/etc"], ["../x"], ["."], ["*"], [3], ["a\n"])),
            *(({"run": run},) for run in ("", "a\nFROM x", ["make"], None)),
        ],
    ),
    ("writable", [("",), (".",), ("/",), ("../x",), ("/etc",), ("/opt/venv",), ("/tmp",), ("a b",), ("/proc/1",)]),
    (
        "environment",
        [
            *({name: "x"} for name in ("API_TOKEN", "DB_PASSWORD_PROD", "SECRET_KEY", "AWS_ACCESS_KEY_ID", "password")),
            {"DATABASE_URL": "postgresql://me:word@db/app"},
            {"PATH": "/bin"},
            {"A": "x\ny"},
            {"A": ["x"]},
            {"HOME": "/"},
        ],
    ),
]


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in FITTING for value in values])
def test_what_fits(form: str, value: object) -> None:
    FORMS[form](value)


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in UNFIT for value in values])
def test_what_does_not_fit(form: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        FORMS[form](value)


def refused(project: ProjectMaker, settings: str, **environment: str) -> str:
    root = project({"pyproject.toml": f"[tool.buildkit]\n{settings}\n", "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError) as caught:
        load(root, {"HOME": str(root / "src" / "home"), **environment})
    return "\n".join(caught.value.details)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[tool.buildkit.image."../../app"]', "pyproject.toml:2: [tool.buildkit] image.../../app: expected a name of"),
        ('[[tool.buildkit.data.stage]]\nname = "../x"', "data.stage.name: expected a name of letters"),
        ('[tool.buildkit.compile.module."/etc/*"]', "compile.module./etc/*: expected a module's name"),
        ('[tool.buildkit.data]\nmount = "/"', "data.mount: expected an absolute path in the container"),
        ('[tool.buildkit.image.api]\ncommand = "uvicorn app"', "image.api.command: expected a list such as"),
        ('[tool.buildkit.image.api]\nhealth = "/a b"', 'image.api.health: expected a path such as "/health"'),
        ('[tool.buildkit.image."a\\nb"]', "image.'a\\nb': expected a name of"),
        (
            "[tool.buildkit.image.a-b]\n[tool.buildkit.image.A_b]",
            "image.A_b: its name and that of image.a-b lead to one",
        ),
        (
            '[tool.buildkit.image.a]\nrepository = "x"\n[tool.buildkit.image.b]\nrepository = "x"',
            "another image's already",
        ),
        (
            '[tool.buildkit.image.api.environment]\nAPI_TOKEN = "abc"',
            "API_TOKEN is a secret by its name; leave it out and pass it when the container starts, as in docker run",
        ),
        ('[tool.buildkit.image.api]\nwritable = ["/etc"]', "expected folders of the service alone, such as "),
        (
            '[tool.buildkit.image.api]\nsystem-packages = ["a;id"]',
            "api.system-packages: expected names of packages",
        ),
        ('project = ".."', 'project: ".." lies outside the project'),
        ('source-root = "/"', 'source-root: "/" lies outside the project'),
        ('source-root = "src/../.."', "lies outside the project"),
        ('packages = ["../app"]', "packages: expected names of packages"),
    ],
)
def test_a_name_that_leads_elsewhere_is_named_with_its_key(project: ProjectMaker, settings: str, words: str) -> None:
    assert words in refused(project, settings)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/", "is the root of the disk"),
        ("", "expected a path"),
        (".", "has the project or its sources in it"),
        ("..", "has the project or its sources in it"),
        ("src", "has the project or its sources in it"),
        ("link", "has the project or its sources in it"),
        ("~", 'expected a path without "~"'),
        ("~/data", 'expected a path without "~"'),
        (".buildkit/data", "lies in .buildkit"),
        (".git", "lies in .git"),
    ],
)
def test_the_data_has_a_folder_of_its_own(project: ProjectMaker, path: str, why: str) -> None:
    root = project({"src/app/__init__.py": ""})
    (root / "link").symlink_to(root)

    assert why in refused(project, f'[tool.buildkit.data]\npath = "{path}"')


def test_the_data_is_not_the_home_folder(project: ProjectMaker, tmp_path: Path) -> None:
    home = tmp_path / "home" / "me"
    home.mkdir(parents=True)

    for place in (home, home.parent):
        assert "has the home folder in it" in refused(
            project, f'[tool.buildkit.data]\npath = "{place}"', HOME=str(home)
        )


def test_the_suites_own_folder_is_no_link(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"src/app/__init__.py": ""})
    (root / ".buildkit").symlink_to(tmp_path)

    assert f".buildkit is a link to {tmp_path}" in refused(project, "")


def test_what_is_secret_is_not_repeated(project: ProjectMaker) -> None:
    assert "tok3n" not in refused(project, '[tool.buildkit.engine]\nbuild-args = { "A B" = "tok3n" }')
