"""What a builder must not be sent: secrets, also where a project brings whole folders back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.image import rules
from buildkit.image.context import scan
from buildkit.image.ignore.lines import parse
from buildkit.image.staging import suite_rules

ProjectMaker = Callable[[Mapping[str, str]], Path]

SECRETS = [
    ".env",
    ".env.local",
    ".envrc",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "server.pem",
    "SERVER.PEM",
    "tls.key",
    "tls.KEY",
    "cert.p12",
    "cert.pfx",
    "x.jks",
    ".ssh/config",
    ".gnupg/ring",
    ".aws/credentials",
    ".azure/token",
    ".kube/config",
    ".config/gcloud/token.json",
    ".docker/config.json",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    "pip.conf",
    ".pgpass",
    "service-account.json",
    "service_account-1.json",
    "credentials.json",
    "client_secret_1.json",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "prod.tfvars",
    "secrets.yaml",
    "secrets.toml",
    ".htpasswd",
    ".psql_history",
    "dump.sql.gz",
    "base.dump",
    ".cargo/credentials.toml",
    ".config/pypoetry/auth.toml",
]
"""Whatever these are called in a project, they are of no use to an image."""

SOURCES = [
    "src/app/main.py",
    "src/app/secrets.py",
    "src/app/environment.py",
    "src/app/keys/__init__.py",
    "pyproject.toml",
]


def sent(root: Path, project: str = "", wanted: tuple[str, ...] = ()) -> set[str]:
    ignore = parse(rules.joined(suite_rules(), project, "data", wanted))
    return {entry.path for entry in scan(root, ignore).entries if (root / entry.path).is_file()}


@pytest.fixture
def root(project: ProjectMaker) -> Path:
    names = [f"{place}{name}" for name in SECRETS for place in ("", "src/app/")]
    return project(dict.fromkeys([*SOURCES, *names, "data/current/a", ".buildkit/postgres/15/password"], "x"))


@pytest.mark.parametrize(
    "own", ["", "docs", "*\n!src\n!src/**\n!pyproject.toml", "!**", "!data\n!.buildkit/**", "**/.ssh\n!**/config"]
)
def test_no_secret_enters_also_where_a_rule_brings_folders_back(root: Path, own: str) -> None:
    found = sent(root, own)

    assert {name for name in found if not name.startswith("data/")} == set(SOURCES)
    assert ("data/current/a" in found) == own.startswith("!data"), "only a rule that names it brings the data in"


def test_who_names_a_file_gets_it(root: Path) -> None:
    assert sent(root, "!src/app/server.pem") == {*SOURCES, "src/app/server.pem"}
    assert sent(root, "!**/*.pem") == {*SOURCES, "src/app/server.pem", "server.pem"}
    assert sent(root, wanted=("src/app/server.pem", "src/app")) == {*SOURCES, "src/app/server.pem"}


def test_the_suites_own_folder_is_brought_back_by_nobody(root: Path) -> None:
    assert not [name for name in sent(root, "!.buildkit\n!.buildkit/postgres/15/password") if ".buildkit" in name]


def test_what_is_kept_out_is_known(root: Path) -> None:
    ignore = parse(rules.joined(suite_rules(), "", "data"))

    withheld = scan(root, ignore, rules.secrets(suite_rules())).withheld

    assert {"src/app/server.pem", ".env", "src/app/.aws"} <= set(withheld)
    assert "data" not in withheld


def test_a_data_folder_with_odd_letters_is_meant_literally(project: ProjectMaker) -> None:
    root = project(dict.fromkeys(["da[t]a*/x", "data1/x"], "x"))

    ignore = parse(rules.joined(suite_rules(), "", "da[t]a*"))

    assert [entry.path for entry in scan(root, ignore).entries] == ["data1", "data1/x"]
