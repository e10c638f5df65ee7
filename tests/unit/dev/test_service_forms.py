"""Which modules run as Python, and where."""

from __future__ import annotations

from buildkit.dev.forms import Forms


def after_an_edit() -> Forms:
    forms = Forms()
    forms.built(["app.a", "app.b"])
    forms.started(["service", "worker"])
    forms.interpreted(["app.a"])
    forms.started(["service"])
    return forms


def test_what_was_not_started_since_runs_what_it_ran() -> None:
    forms = after_an_edit()
    assert forms.words(["service"]) == "1 compiled, 1 as Python"
    assert forms.words(["service", "worker"]) == "1 compiled, 1 as Python in service"
    assert forms.words(["worker"]) == "2 compiled"
    assert forms.behind() == {}


def test_a_module_that_is_edited_twice_is_one() -> None:
    forms = after_an_edit()
    forms.interpreted(["app.a"])
    forms.started(["service"])
    assert forms.words(["service"]) == "1 compiled, 1 as Python"


def test_a_new_extension_counts_when_the_service_is_started_with_it() -> None:
    forms = after_an_edit()
    forms.compiled(["app.a"])
    assert forms.words(["service"]) == "1 compiled, 1 as Python"
    assert forms.behind() == {"service": {"app.a"}}
    forms.started(["service"])
    assert forms.words(["service"]) == "2 compiled"
    assert forms.behind() == {}


def test_a_new_module_is_compiled_once_it_is_made() -> None:
    forms = after_an_edit()
    forms.interpreted(["app.new"])
    forms.started(["service"])
    forms.compiled(["app.a", "app.new"])
    assert forms.behind() == {"service": {"app.a", "app.new"}}
    forms.started(["service"])
    assert forms.words(["service"]) == "3 compiled"


def test_nothing_is_said_where_nothing_is_compiled() -> None:
    assert Forms().words(["service"]) == ""
