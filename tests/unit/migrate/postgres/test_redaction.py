from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.migrate.postgres.redaction import HIDDEN, redact, redacted

WRITINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda secret: secret,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a URL with lower digits": lambda secret: re.sub("%..", lambda hit: hit[0].lower(), quote(secret, safe="")),
    "in a form": quote_plus,
    "as SQLAlchemy does": lambda secret: quote(secret, safe=" +"),
    "in an ini file": lambda secret: quote(secret, safe="").replace("%", "%%"),
    "encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with its letters": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
    "ascii": lambda secret: ascii(secret)[1:-1],
    "bytes": lambda secret: repr(secret.encode())[2:-1],
    "SQL": lambda secret: secret.replace("'", "''"),
    "a connection string": lambda secret: secret.replace("\\", "\\\\").replace("'", "\\'"),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
}


@pytest.mark.parametrize("secret", ["done", "true", "0000", 'geheimß"x', "it's\\ours", "a b+c%d/e@f", "秘密😀word"])
@pytest.mark.parametrize("how", WRITINGS)
def test_a_password_is_hidden_however_it_is_written(how: str, secret: str) -> None:
    assert redact(f"<{WRITINGS[how](secret)}>", [secret]) == f"<{HIDDEN}>"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4), st.sampled_from(sorted(WRITINGS)))
def test_any_password_is_hidden_however_it_is_written(secret: str, how: str) -> None:
    written = WRITINGS[how](secret)
    assert written not in redact(f"<{written}>", [secret]).removeprefix("<").removesuffix(">").replace(HIDDEN, "")


def test_one_that_a_url_encodes_is_known_in_the_clear_as_well() -> None:
    assert redact("cannot use geheimß", ["geheim%C3%9F"]) == f"cannot use {HIDDEN}"


def test_a_short_one_is_hidden_where_it_stands_by_itself() -> None:
    assert redact("postgresql://u:pw@h/upward, password pw, 'pw'", ["pw"]) == (
        f"postgresql://u:{HIDDEN}@h/upward, password {HIDDEN}, '{HIDDEN}'"
    )


def test_one_from_the_environment_is_hidden_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "from-outside")
    assert redact("it is from-outside", []) == f"it is {HIDDEN}"


def test_values_are_redacted_and_names_are_not() -> None:
    facts = {"done": ["done", 1, {"a": "done!"}], "rows": None}
    assert redacted(facts, ["done"]) == {"done": [HIDDEN, 1, {"a": f"{HIDDEN}!"}], "rows": None}
