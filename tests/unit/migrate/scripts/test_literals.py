from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from buildkit.migrate.scripts.literals import Unknown, written


def found(text: str) -> Any:
    return written(ast.parse(text), Path("versions/0002_more.py"), ["x"])["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = 'a' + 'b'", "ab"),
        ("P = 'a'\nx = P", "a"),
        ("P = 'a'\nx: str = f'{P}-1'", "a-1"),
        ("P = Q = 'a'\nx = (P, Q + 'b')", ("a", "ab")),
        ("a, x = 'one', 'two'", "two"),
        ("x = '-'.join(['a', 'b'])", "a-b"),
        ("x = '{}_{}'.format('a', 1)", "a_1"),
        ("x = '%s_b' % 'a'", "a_b"),
        ("x = __file__.rsplit('/', 1)[-1].split('_')[0]", "0002"),
        ("x = 'a' if __name__ else None", "a"),
        ("x = 'a'\nx = None", None),
        ("x = tuple(['a'])", ("a",)),
    ],
)
def test_what_is_written_out_in_any_manner_is_followed(text: str, value: object) -> None:
    assert found(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "from names import x",
        "import names\nx = names.X",
        "P = 'a'\nif True:\n    P = 'b'\nx = P",
        "for x in 'ab': pass",
        "def str(): pass\nx = str(1)",
        "x = open('/etc/passwd').read()",
        "x = 'a' * 10 ** 9",
        "x = UNKNOWN",
        "x = ('a', 'b')['c']",
        "def x(): pass",
    ],
)
def test_what_only_running_it_can_tell_is_not_guessed(text: str) -> None:
    assert isinstance(found(text), Unknown)
