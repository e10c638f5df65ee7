"""Poetry's constraints say the same as specifiers; other requirements are taken as PEP 508 has them."""

from __future__ import annotations

import pytest

from buildkit.dependencies.needs import BadNeed, Need, of_poetry, of_text, specifiers


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        ("^1.2.3", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0", "0.0.9", "0.1"),
        ("^0", "0.9", "1"),
        ("^1", "1.9", "2"),
        ("~1.2.3", "1.2.9", "1.3"),
        ("~1.2", "1.2.9", "1.3"),
        ("~1", "1.9", "2"),
        ("~=1.2", "1.9", "2"),
        ("1.2.*", "1.2.9", "1.3"),
        ("1.2.3", "1.2.3", "1.2.4"),
        ("= 1.2.3", "1.2.3", "1.2.4"),
        (">= 1.2, < 2", "1.3", "2"),
        (">=1.2 <2", "1.3", "2"),
        ("<1 || >=2", "0.9", "1.5"),
        ("^1.0 | ^3.0", "3.1", "2.0"),
    ],
)
def test_a_constraint_of_poetrys_admits_what_poetry_admits(constraint: str, inside: str, outside: str) -> None:
    (need,) = of_poetry("x", constraint)
    assert need.admits(inside)
    assert not need.admits(outside)


def test_a_star_admits_all() -> None:
    assert specifiers("*") == ("",)


def test_a_table_of_poetrys_has_conditions_and_extras() -> None:
    rows = [
        {"version": "^1", "python": "<3.12", "platform": "linux", "extras": ["Fast"]},
        {"git": "https://example.org/x.git", "markers": "os_name == 'nt'"},
    ]
    first, second = of_poetry("X_y", rows)
    assert first == Need(
        "x-y", ("<2,>=1",), "((python_full_version < '3.12')) and (sys_platform == 'linux')", ("fast",)
    )
    assert second.direct == "git+https://example.org/x.git"


@pytest.mark.parametrize("value", [5, {"version": 5}, {"extras": "x"}, "^x", ">>1", {"version": "^"}])
def test_what_is_no_constraint_is_refused(value: object) -> None:
    with pytest.raises(BadNeed):
        of_poetry("x", value)


def test_a_requirement_is_taken_apart() -> None:
    need = of_text('Alpha[Fast,b]>=1,<2 ; python_version < "3.12"')
    assert need == Need("alpha", ("<2,>=1",), 'python_version < "3.12"', ("b", "fast"))
    assert str(need) == 'alpha[b,fast]<2,>=1 ; python_version < "3.12"'
    with pytest.raises(BadNeed, match="requirement"):
        of_text("a b c")
