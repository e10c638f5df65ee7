"""Small programs do compiled what they do as Python: what they note, raise and give is equal line by line.

They are written by the grammar in `tests/programs`, many in one module. CI has always the same; at night they are
others each time, for as long as NIGHT says:

    python3 develop.py pytest tests/integration/test_sameness_programs.py --hypothesis-profile nightly

A program that differs is made small and shown with what it does in both forms.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from plugins.effort import FIGURES
from programs import comparing
from programs.comparing import Difference, Refused, differences
from programs.reduction import program, reduced
from programs.writing import HEAD, module

NIGHTLY = settings.get_current_profile_name() == "nightly"
NIGHT = float(os.environ.get("NIGHT", "7200"))
"""Seconds for programs, of all profiles together."""
PROGRAMS = 40
SECONDS_OF_REDUCTION = 600.0 if NIGHTLY else 60.0
MOST_SHOWN = 5

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler"), pytest.mark.timeout(NIGHT * 2 if NIGHTLY else 300)]


def test_programs_do_compiled_what_they_do_as_python(tmp_path: Path) -> None:
    modules = {f"m{seed}": module(seed, PROGRAMS) for seed in range(3)}

    assert shown(differences(tmp_path, modules, "dev"), modules, "dev", tmp_path) == ""


def test_they_do_so_for_release(tmp_path: Path) -> None:
    modules = {"m3": module(3, 20)}

    assert shown(differences(tmp_path, modules, "release"), modules, "release", tmp_path) == ""


@pytest.mark.skipif(not NIGHTLY, reason="at night: --hypothesis-profile nightly")
def test_other_programs_do_so_each_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, until, rounds, found = time.time_ns() % 10**9, time.monotonic() + NIGHT, 0, ""
    while time.monotonic() < until and found.count("=====") < MOST_SHOWN:
        rounds += 1
        seeds = range(first + 4 * rounds, first + 4 * rounds + 4)
        modules = {f"m{seed}": module(seed, PROGRAMS) for seed in seeds}
        monkeypatch.setenv("PYBUILDKIT_CACHE_DIR", str(tmp_path / f"cache-{rounds % 2}"))
        profile = "release" if rounds % 4 == 0 else "dev"
        try:
            found += shown(differences(tmp_path, modules, profile), modules, profile, tmp_path)
        except Refused as refused:
            found += f"===== {modules.keys()} refused\n{refused}\n"
    FIGURES.info("programs: %d in modules from seed %d on", rounds * 4 * PROGRAMS, first + 4)
    assert found == ""


def test_what_differs_dies_or_never_ends_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SECONDS", 5)
    kind = "def made_0():\n    yield 1\n\ndef main_0():\n    note(type(made_0()) is GeneratorType)\n"
    death = "def main_1():\n    note(2)\n    if __file__.endswith('.so'): kill(getpid(), 11)\n"
    hang = "def main_2():\n    note(3)\n    while __file__.endswith('.so'): pass\n"
    alike = "def main_3():\n    note(4)\n"
    head = f"{HEAD}from types import GeneratorType\nfrom os import getpid, kill\n\n"

    found = differences(tmp_path, {"all": head + f"{kind}\n{death}\n{hang}\n{alike}"}, "dev")

    assert [(each.number, each.plain[-1]) for each in found] == [(0, "True"), (1, "2"), (2, "3")]
    assert [each.compiled[-1] for each in found] == ["False", "(ended with -11: )", "(did not end)"]
    assert str(found[0]) == "    plain: True\n compiled: False"


def test_a_program_is_made_small() -> None:
    text = module(1, 10)
    tried = []

    def differs(texts: list[str]) -> list[bool]:
        tried.extend(texts)
        return ["boom(" in each for each in texts]

    small = reduced(next(each for at in range(10) if "boom(" in (each := program(text, at))), differs, 60.0)

    assert len(small.splitlines()) <= 3
    assert "boom(" in small


def shown(found: list[Difference], modules: dict[str, str], profile: str, folder: Path) -> str:
    """Return what differs, each as small as it is in the time for it."""
    texts = []
    for each in found[:MOST_SHOWN]:
        whole = program(modules[each.module], each.number)
        small = reduced(whole, _differ(each.number, profile, folder), SECONDS_OF_REDUCTION / len(found[:MOST_SHOWN]))
        again = differences(folder, {"small": HEAD + small}, profile)
        texts.append(f"===== {each.module}, program {each.number}, {profile}\n{small}\n{(again or [each])[0]}\n")
    return "\n".join(texts)


def _differ(number: int, profile: str, folder: Path) -> Callable[[list[str]], list[bool]]:
    """Return what tells of variants of a program which differ; all of them are put into one module."""
    own = re.compile(rf"(_|\bG|\bN){number}(_sub)?\b")

    def differ(texts: list[str]) -> list[bool]:
        variants = [own.sub(lambda name, at=at: f"{name[1]}{at}{name[2] or ''}", text) for at, text in enumerate(texts)]  # type: ignore[misc]
        whole = [text if f"def main_{at}(" in text else f"def main_{at}(): pass" for at, text in enumerate(variants)]
        try:
            found = {each.number for each in differences(folder, {"variants": HEAD + "\n\n".join(whole)}, profile)}
        except Refused:
            half = len(texts) // 2
            return differ(texts[:half]) + differ(texts[half:]) if half else [False]
        return [at in found for at in range(len(texts))]

    return differ
