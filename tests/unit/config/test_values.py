from __future__ import annotations

import contextlib
import json
import math
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.config.option import Kind
from buildkit.config.values import parse

KINDS = Kind.__args__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "value", "setting"),
    [
        ("text", "", ""),
        ("texts", ["a", "b c"], ("a", "b c")),
        ("texts", "a,b", ("a", "b")),
        ("texts", '["a,b"]', ("a,b",)),
        ("command", "app.pipeline:read", "app.pipeline:read"),
        ("command", ["serve", "--port", "80"], ("serve", "--port", "80")),
        ("command", '["serve"]', ("serve",)),
        ("table", {"a": 1}, {"a": 1}),
        ("table", '{"a": 1}', {"a": 1}),
        ("integer", 0, 0),
        ("integer", "8000", 8000),
        ("jobs", "auto", 0),
        ("jobs", "2", 2),
        ("seconds", "7d", 604800.0),
        ("seconds", "1.5 H", 5400.0),
        ("seconds", "5min", 300.0),
        ("seconds", 0, 0.0),
        ("seconds", 0.5, 0.5),
        ("bytes", "1GB", 10**9),
        ("bytes", "1.5gib", 3 << 29),
        ("bytes", "500 MB", 500 * 10**6),
        ("bytes", 12, 12),
        ("bytes", "", 0),
    ],
)
def test_a_value_in_each_way_it_may_be_written(kind: str, value: object, setting: object) -> None:
    assert parse(kind, value) == setting


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", 3, "a text"),
        ("texts", ["a", 1], "a list of texts"),
        ("texts", '["a"', "a list of texts"),
        ("texts", {"a": 1}, "a list of texts"),
        ("command", 5, "a list of texts"),
        ("table", "a=1", "a table"),
        ("table", "[1]", "a table"),
        ("integer", -1, "a whole number"),
        ("integer", True, "a whole number"),
        ("integer", 1.0, "a whole number"),
        ("integer", "-1", "a whole number"),
        ("jobs", 0, '"auto" or a number from 1'),
        ("jobs", "all", '"auto" or a number from 1'),
        ("seconds", "7 parsecs", 'a time such as "7d", "90s" or "2h"'),
        ("seconds", -1, 'a time such as "7d", "90s" or "2h"'),
        ("seconds", float("nan"), 'a time such as "7d", "90s" or "2h"'),
        ("seconds", float("inf"), 'a time such as "7d", "90s" or "2h"'),
        ("seconds", True, 'a time such as "7d", "90s" or "2h"'),
        ("bytes", "1 XB", 'a size such as "1GB" or "500MB"'),
        ("bytes", float("inf"), 'a size such as "1GB" or "500MB"'),
        ("bytes", "9" * 400, 'a size such as "1GB" or "500MB"'),
        ("bytes", ["1GB"], 'a size such as "1GB" or "500MB"'),
    ],
)
def test_a_value_that_is_none_says_what_was_expected(kind: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=r"^[\w\"]") as caught:
        parse(kind, value)
    assert str(caught.value) == expected


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
"""As TOML has them; names of zones would be read from the disk, in a second or more where it is busy."""

ANYTHING = st.recursive(
    st.text() | st.integers() | st.floats() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(kind=st.sampled_from(KINDS), value=ANYTHING)
def test_any_value_is_a_setting_or_refused(kind: str, value: object) -> None:
    with contextlib.suppress(ValueError):
        parse(kind, value)


@given(
    st.recursive(
        st.dates().map(lambda day: (day, day.isoformat()))
        | st.times().map(lambda time: (time, time.isoformat()))
        | st.datetimes(timezones=st.none() | OFFSETS).map(lambda moment: (moment, moment.isoformat()))
        | (st.booleans() | st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)).map(
            lambda value: (value, value)
        ),
        lambda inner: (
            st.lists(inner).map(lambda rows: ([row[0] for row in rows], [row[1] for row in rows]))
            | st.dictionaries(st.text(), inner).map(
                lambda table: ({key: row[0] for key, row in table.items()}, {key: row[1] for key, row in table.items()})
            )
        ),
    )
)
def test_a_table_of_any_toml_is_one_of_json(value: tuple[object, object]) -> None:
    """Dates and times become texts, all else stays."""
    written, known = value
    parsed = parse("table", {"it": written})
    assert json.loads(json.dumps(parsed, allow_nan=False)) == {"it": known}


@pytest.mark.parametrize(
    ("value", "words"),
    [(math.inf, '"inf"'), (math.nan, '"nan"'), (1 << 20_000, "as a text")],
    ids=["inf", "nan", "long"],
)
def test_what_json_does_not_know_is_named(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=rf"write limits\.most as a text.*{words}|numbers of fewer than .*{words}"):
        parse("table", {"limits": {"most": [value]}})
