"""Inputs as nobody should send them: what the suite itself wrote, changed in form and in bytes, and mere noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Raw(str):
    """What stands in a document as it is, be it JSON or not."""

    __slots__ = ()


class Table(list[tuple[Any, Any]]):
    """An object whose names may come twice."""


TEXTS: Sequence[str] = (
    *("", ".", "..", "/", "../victim", "../../victim", "../../../victim", "../../../../victim", "/nowhere/victim"),
    *("a/../../victim", "a//b", "./a", "a/", "a/b", ".hidden", "manifest.json", "current", "a\0b", "\0", "\n", "\r\n"),
    *("\x1b[2J\x07", "%", "%(here)s", "%(x)s", "%(here)99999999999s", "${HOME}", "n" * 300, "a/" * 2100 + "b"),
    *("0" * 64, "f" * 64, "0" * 63, "A" * 64, "sha256:" + "0" * 64, "sha512:" + "0" * 128, "sha256:", "é", "\u202e"),
    *(
        "0",
        "-1",
        "1e400",
        "9" * 5000,
        "nan",
        "inf",
        "\u0663",
        "\u00b2",
        "true",
        "null",
        "->../../victim",
        "x:y",
        "[",
        "{",
    ),
    *(
        "stage:x",
        "package:x/*",
        "env:HOME",
        "module:function",
        "http://[::1",
        "http://x:99999/",
        "*" * 60,
        "[!a]",
        "\\",
    ),
    *("\\", "l../victim", "->/etc", "\ufeff", "con", "~", "~root/x", "-x", "@file", "a b", "a=b", "a,b", "[[" * 2000),
)

RAW: Sequence[Raw] = tuple(
    map(
        Raw,
        (
            *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "-0.0", "0.5", "-1", "0", "1"),
            *("true", "false", "null", "[]", "{}", "[[]]", '{"":{}}', "", "nul", "'a'", "0x10", "1_000"),
            *("1" + "0" * 400, "-1" + "0" * 400, "9" * 5000, str(1 << 63), str(-(1 << 63) - 1), str(1 << 64)),
            *(r'"\ud800"', r'"\udcff"', r'"a\u0000b"', r'"\udcff/x"', '"' + "x" * 70000 + '"', '"\x01"'),
            *("[" * 3000 + "]" * 3000, "[" * 70 + "]" * 70, '{"a":' * 3000 + "1" + "}" * 3000, "[" * 200000),
        ),
    )
)

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(RAW),
    st.integers(-3, 12),
    st.text(max_size=8),
    st.floats(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)


def written(value: Any) -> str:
    """Return a value as JSON, or as what it is where it is none."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Table):
        return "{" + ",".join(f"{written(name)}:{written(each)}" for name, each in value) + "}"
    if isinstance(value, dict):
        return written(Table(value.items()))
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def as_toml(value: Any) -> str:
    """Return a value as TOML in one line."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Table | dict):
        rows = value if isinstance(value, Table) else Table(value.items())
        return "{" + ", ".join(f"{as_toml(str(name))} = {as_toml(each)}" for name, each in rows) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value).replace("\\ud", "\\ufffd") if value is not None else '""'


def _opened(value: Any) -> Any:
    """Return a copy that can be changed."""
    if isinstance(value, dict):
        return Table((name, _opened(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return [_opened(each) for each in value]
    return value


def _places(value: Any) -> list[tuple[Any, int]]:
    """Return every place in a value: what holds it, and where in that."""
    found: list[tuple[Any, int]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        for at, each in enumerate(holder):
            found.append((holder, at))
            inner = each[1] if isinstance(holder, Table) else each
            if isinstance(inner, list):
                waiting.append(inner)
    return found


def lines(value: Any) -> bytes:
    """Return a document of TOML, each of its first keys on a line."""
    if not isinstance(value, Table | dict):
        return as_toml(value).encode(errors="surrogatepass")
    rows = value if isinstance(value, Table) else Table(value.items())
    return "\n".join(f"{as_toml(str(name))} = {as_toml(each)}" for name, each in rows).encode(errors="surrogatepass")


@st.composite
def changed(draw: Draw, *values: Any) -> Any:
    """Give one of the values with some of its parts deleted, doubled, renamed or exchanged."""
    top = [_opened(draw(st.sampled_from(values)))]
    for _ in range(draw(st.integers(1, 3))):
        places = _places(top)
        if not places:
            break
        holder, at = places[draw(st.integers(0, len(places) - 1))]
        row = isinstance(holder, Table)
        act = draw(st.integers(0, 9))
        if act == 0 and holder is not top:
            del holder[at]
        elif act == 1 and holder is not top:
            holder.append(holder[at])
        elif act == 2 and row:
            holder[at] = (draw(st.sampled_from(TEXTS) | st.text(max_size=4)), holder[at][1])
        elif act == 3 and row:
            holder.append((draw(st.sampled_from(TEXTS)), _opened(draw(VALUES))))
        elif act == 4:
            other, place = places[draw(st.integers(0, len(places) - 1))]
            new = json.loads(written(value)) if _whole(value := _value(other, place)) else value
            _put(holder, at, _opened(new))
        else:
            _put(holder, at, _opened(draw(VALUES)))
    return top[0]


def _value(holder: Any, at: int) -> Any:
    return holder[at][1] if isinstance(holder, Table) else holder[at]


def _put(holder: Any, at: int, value: Any) -> None:
    holder[at] = (holder[at][0], value) if isinstance(holder, Table) else value


def _whole(value: Any) -> bool:
    try:
        json.loads(written(value))
    except (ValueError, RecursionError):
        return False
    return True


@st.composite
def harmed(draw: Draw, contents: st.SearchStrategy[bytes]) -> bytes:
    """Give content as it is, or with bits flipped, cut, doubled, or with bytes put in."""
    content: bytes = draw(contents)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 4]))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        act = draw(st.integers(0, 4))
        if act == 0:
            content = content[:at]
        elif act == 1 and content:
            flipped = content[at] ^ (1 << draw(st.integers(0, 7)))
            content = content[:at] + bytes([flipped]) + content[at + 1 :]
        elif act == 2:
            content = content[:at] + draw(st.binary(min_size=1, max_size=8)) + content[at:]
        elif act == 3:
            end = draw(st.integers(at, min(len(content), at + 2000)))
            content = content[:end] + content[at:]
        else:
            content = content[:at] + content[draw(st.integers(at, min(len(content), at + 600))) :]
    return content


NOISE: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: written(value).encode(errors="surrogatepass")),
    st.text(max_size=40).map(lambda text: text.encode(errors="surrogatepass")),
)


def documents(*values: Any, seal: Callable[[bytes], bytes] = bytes) -> st.SearchStrategy[bytes]:
    """Give JSON like these values, then harmed.

    Args:
        values: what the suite wrote.
        seal: puts a document in the form of its file, with a right checksum where it has one.
    """
    own = changed(*values).map(lambda value: written(value).encode(errors="surrogatepass"))
    return st.one_of(own.map(seal), harmed(own.map(seal)), NOISE.map(seal), NOISE)
