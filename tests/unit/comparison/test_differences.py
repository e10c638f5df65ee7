from __future__ import annotations

from buildkit.comparison.answers import Import
from buildkit.comparison.differences import differences, faults, has_no_plain_form, misplaced, steady


def of(failure: str = "", **facts: str) -> Import:
    return Import("app.fast", failure, facts=facts)


def test_what_is_another_or_on_one_side_alone_is_a_difference() -> None:
    found = differences(of(a="1", b="2", c="3"), of(a="1", b="x", d="4"))
    assert list(map(str, found)) == ["b: 2 → x", "c: 3 → not there", "d: not there → 4"]


def test_the_parts_of_what_is_missing_are_not_listed() -> None:
    found = differences(of(**{"f": "function", "f.__doc__": "None", "ff": "1"}), of(ff="2"))
    assert [each.path for each in found] == ["f", "ff"]


def test_the_same_failure_is_none_wherever_the_module_comes_from() -> None:
    plain = of("ImportError: cannot import name 'x' from 'app.a' (/p/app/a.py)")
    compiled = of("ImportError: cannot import name 'x' from 'app.a' (/p/app/a.cpython-311-x86_64-linux-gnu.so)")
    assert differences(plain, compiled) == ()
    assert list(map(str, differences(of(), of("ValueError: 1")))) == ["the module: is imported → ValueError: 1"]


def test_what_moves_between_two_imports_of_one_form_is_left_out() -> None:
    plain, compiled = of(now="1", doc="a"), of(now="2", doc="b")
    found = differences(plain, compiled)
    left = steady(found, (plain, of(now="3", doc="a")), (compiled, of(now="4", doc="b")))
    assert [each.path for each in left] == ["doc"]


def test_a_module_whose_import_is_declared_in_c_has_no_plain_form() -> None:
    plain = of("ImportError: app.a does not export expected C function f")
    assert has_no_plain_form(plain, of())
    assert not has_no_plain_form(plain, of("ValueError"))


def test_what_fails_as_plain_python_too_is_no_fault() -> None:
    windows = Import("app._windows", "ModuleNotFoundError: No module named 'winreg'")
    compiled = {
        "app.fine": Import("app.fine"),
        "app._windows": windows,
        "app.broken": Import("app.broken", "TypeError: only compiled"),
        "app.dies": Import("app.dies", ended="SIGSEGV"),
    }
    plain = {"app._windows": windows, "app.broken": Import("app.broken"), "app.dies": Import("app.dies")}
    wrong, forgiven = faults(compiled, plain)
    assert forgiven == {"app._windows": "ModuleNotFoundError: No module named 'winreg'"}
    assert wrong == {
        "app.broken": "TypeError: only compiled",
        "app.dies": "the import ends the process: SIGSEGV",
    }


def test_an_installed_module_comes_from_the_environment_and_an_extension_is_one() -> None:
    place = "/venv/lib/app/fast.cpython-311-x86_64-linux-gnu.so"
    answers = {
        "app.fast": Import("app.fast", file=place, prefix="/venv"),
        "app.slow": Import("app.slow", file="/venv/lib/app/slow.py", prefix="/venv"),
        "app.away": Import("app.away", file="/home/src/app/away.py", prefix="/venv"),
        "app.fails": Import("app.fails", "ValueError"),
    }
    native = {"app.fast": True, "app.slow": True, "app.away": False, "app.fails": True}
    assert misplaced(answers, native, (".so",)) == {
        "app.slow": "is not an extension: /venv/lib/app/slow.py",
        "app.away": "comes from /home/src/app/away.py, not from the installed wheel",
    }
