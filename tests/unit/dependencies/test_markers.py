"""Markers are decided by what is known, and what is left of them means the same."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from buildkit.dependencies.markers import BadMarker, condition

LINUX = {"sys_platform": "linux", "os_name": "posix"}


@pytest.mark.parametrize(
    ("marker", "left"),
    [
        ("", ""),
        ("sys_platform == 'linux'", ""),
        ("sys_platform != 'win32' and python_version < '3.12'", 'python_version < "3.12"'),
        ("sys_platform == 'win32' or python_version < '3.12'", 'python_version < "3.12"'),
        ("sys_platform == 'linux' or python_version < '3.12'", ""),
        ("sys_platform in 'linux darwin' and platform_machine not in 'x86'", 'platform_machine not in "x86"'),
        ("'linux' in sys_platform", ""),
        (
            "(python_version < '3' or platform_machine == 'x') and os_name == 'posix'",
            'platform_machine == "x" or python_version < "3"',
        ),
        (
            "python_version < '3' and (platform_machine == 'x' or platform_machine == 'y')",
            '(platform_machine == "x" or platform_machine == "y") and python_version < "3"',
        ),
    ],
)
def test_what_is_known_goes_and_the_rest_stays(marker: str, left: str) -> None:
    assert str(condition(marker, LINUX)) == left


def test_what_cannot_hold_is_told_from_what_always_does() -> None:
    assert condition("sys_platform == 'win32'", LINUX).never
    assert condition("sys_platform == 'linux'", LINUX).always


def test_extras_and_groups_are_asked_for() -> None:
    marker = "'quick' in extras or extra == 'quick' and 'dev' not in dependency_groups"
    assert condition(marker, {}, extras=lambda name: name == "quick", groups=lambda _: False).always
    assert condition(marker, {}, extras=lambda _: False, groups=lambda _: True).never


@pytest.mark.parametrize("marker", ["python_version <", "nonsense == '1'", "(" * 5000])
def test_what_is_no_marker_is_refused(marker: str) -> None:
    with pytest.raises(BadMarker):
        condition(marker, {})


ATOMS = [
    *(f"sys_platform {sign} '{name}'" for sign in ("==", "!=") for name in ("linux", "win32")),
    *(f"python_version {sign} '{number}'" for sign in ("<", ">=") for number in ("3.11", "3.12")),
    *(f"platform_machine {sign} '{name}'" for sign in ("==", "!=") for name in ("x86_64", "aarch64")),
]
MARKERS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
    max_leaves=8,
)


@given(one=MARKERS, other=MARKERS)
def test_what_is_left_means_the_same_on_every_target(one: str, other: str) -> None:
    both = condition(one, LINUX) & condition(other, LINUX)
    either = condition(one, LINUX) | condition(other, LINUX)
    for version, machine in product(("3.10", "3.11", "3.12"), ("x86_64", "aarch64")):
        there = {**LINUX, "python_version": version, "platform_machine": machine}
        first, second = Marker(one).evaluate(there), Marker(other).evaluate(there)
        assert _holds(str(both), both.never, there) == (first and second)
        assert _holds(str(either), either.never, there) == (first or second)
        assert condition(one, there).always == first, "with everything known nothing is left"


def _holds(marker: str, never: bool, there: dict[str, str]) -> bool:
    return not never and (not marker or Marker(marker).evaluate(there))
