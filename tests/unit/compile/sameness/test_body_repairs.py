from __future__ import annotations

from typing import Any

import pytest
from Cython.Compiler import Nodes
from parsed import body, kinds, one

from buildkit.compile.sameness.arithmetic import OURS, keep_operations
from buildkit.compile.sameness.builtins import keep_builtin_calls
from buildkit.compile.sameness.calls import keep_checks
from buildkit.compile.sameness.deletions import keep_deletions
from buildkit.compile.sameness.floats import keep_floats
from buildkit.compile.sameness.formats import keep_formats
from buildkit.compile.sameness.handlers import keep_handlers
from buildkit.compile.sameness.lines import keep_lines
from buildkit.compile.sameness.loops import with_turns
from buildkit.compile.sameness.methods import keep_order
from buildkit.compile.sameness.numbers import keep_objects
from buildkit.compile.sameness.parameters import as_locals, with_locals
from buildkit.compile.sameness.ranges import keep_ranges
from buildkit.compile.sameness.remainders import keep_remainders
from buildkit.compile.sameness.repairs import REPAIRS, repair
from buildkit.compile.sameness.rewritings import keep_away
from buildkit.compile.sameness.slices import keep_slices
from buildkit.compile.sameness.unpacking import keep_unpacking


@pytest.mark.parametrize("written", ["10 ** len(x)", "1 if x else 0.5", "(not x) << 40", "x and 1 or 0.5", "f(len(x))"])
def test_a_number_of_c_meets_no_other(written: str) -> None:
    tree = body(f"return {written}")

    keep_objects(tree)

    assert "AsObject" in kinds(tree)


@pytest.mark.parametrize("written", ["len(x) - 1", "x[len(x) - 1]", "x + y"])
def test_a_number_that_cannot_go_wrong_stays_in_c(written: str) -> None:
    tree = body(f"return {written}")

    keep_objects(tree)

    assert "AsObject" not in kinds(tree)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("x in (y, 1)", "AsObject"),
        ("x in {1, 2}", "ConstantSet"),
        ("x in {y}", "AsObject"),
        ("x not in (1, 2)", "NotNode"),
        ("'%6s' % (x,)", "AsObject"),
    ],
)
def test_a_rewriting_of_cythons_is_kept_away(written: str, kind: str) -> None:
    tree = body(f"return {written}")

    keep_away(tree)

    assert kind in kinds(tree)


@pytest.mark.parametrize("written", ["x in (1, 2)", "x in 'abc'", "'%s' % (x,)", "x in y"])
def test_a_rewriting_that_is_the_same_is_let(written: str) -> None:
    tree = body(f"return {written}")

    keep_away(tree)

    assert not {"AsObject", "ConstantSet"} & {*kinds(tree)}


def test_an_operation_has_no_shortcut_of_cythons() -> None:
    tree = body("x += 1", "return x * y")

    keep_operations(tree)

    assert one(tree, "MulNode").fast_pyops == frozenset()
    assert one(tree, "MulNode").py_functions["*"] == "buildkit_PyNumber_Multiply"
    assert one(tree, "InPlaceAssignmentNode").operator == f"{OURS}+"


@pytest.mark.parametrize("written", ["a, *b = x", "(a, [b, c]) = x", "for a, b in x: pass", "y = a, b = x"])
def test_targets_are_unpacked_by_ours(written: str) -> None:
    tree = body(written)

    keep_unpacking(tree)

    assert {"UnpackedTuple"} <= {*kinds(tree)} or {"UnpackedList"} <= {*kinds(tree)}
    assert "TupleNode" not in kinds(tree)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("f(*x)", "StarArguments"),
        ("f(**x)", "Keywords"),
        ("f(a=1, **{'a': 2})", "Keywords"),
        ("[*x]", "Checked"),
        ("(1, *x)", "Checked"),
        ("{**x}", "Mapping"),
        ("getattr(x, y)", "Checked"),
    ],
)
def test_what_is_unpacked_is_checked(written: str, kind: str) -> None:
    tree = body(f"return {written}")

    keep_checks(tree)

    assert kind in kinds(tree)


@pytest.mark.parametrize("written", ["f(a=1, b=2)", "{1: 2}", "[x, y]", "getattr(x, 'y')"])
def test_what_is_plain_is_not_checked(written: str) -> None:
    tree = body(f"return {written}")

    keep_checks(tree)

    assert not {"Checked", "Mapping", "Keywords", "StarArguments"} & {*kinds(tree)}


def test_a_manager_is_checked() -> None:
    tree = body("with x: pass")

    keep_checks(tree)

    assert one(tree, "Checked").check == "buildkit_check_manager_at"


@pytest.mark.parametrize("written", ["len()", "len(1, 2)", "max(f(), y)", "max(x)", "enumerate(x, y)", "type(x, y, x)"])
def test_a_builtin_that_c_would_call_otherwise_is_called(written: str) -> None:
    tree = body(f"return {written}")

    keep_builtin_calls(tree)

    assert "AsObject" in kinds(tree)


@pytest.mark.parametrize("written", ["len(x)", "max(x, 1)", "enumerate(x)", "enumerate(x, 1)", "range(1, x)", "open()"])
def test_a_builtin_that_c_calls_alike_is_let(written: str) -> None:
    tree = body(f"return {written}")

    keep_builtin_calls(tree)

    assert "AsObject" not in kinds(tree)


def test_a_method_comes_before_its_arguments() -> None:
    tree = body("x.y(f())", "x.y(1, y)", "'-'.join(f())")

    keep_order(tree)

    assert kinds(tree).count("MethodCall") == 1


def test_a_display_is_filled_when_it_is_known() -> None:
    tree = body("return {x: 1}, {'a': f()}")

    keep_order(tree)

    assert kinds(tree).count("Display") == 1


def test_what_an_except_names_is_looked_at() -> None:
    tree = body("try: pass", "except A: raise", "except (B, C): pass", "except: pass")

    keep_handlers(tree)

    assert kinds(tree).count("Handler") == 2
    assert kinds(tree).count("Reraise") == 1


def test_a_name_is_read_before_it_is_deleted() -> None:
    tree = body("del x, y[0], (y,)")

    keep_deletions(tree)

    assert kinds(tree).count("Checked") == 2
    assert kinds(tree).count("DelStatNode") == 3


def test_a_parameter_that_is_deleted_is_a_local() -> None:
    tree, names = as_locals(body("del x"), ["x", "y"], set())

    assert names == ["__buildkit_given_x", "y"]
    assert kinds(tree)[:2] == ["StatListNode", "SingleAssignmentNode"]


def test_a_parameter_that_a_handler_takes_is_a_local() -> None:
    _, names = as_locals(body("try: pass", "except A as y: pass"), ["x", "y"], set())

    assert names == ["x", "__buildkit_given_y"]


def test_parameters_that_are_kept_stay() -> None:
    tree = body("x = 1", "del x.y, x[0]")

    assert as_locals(tree, ["x", "y"], set()) == (tree, ["x", "y"])


def test_own_names_are_declared() -> None:
    assert one(with_locals(body("pass"), {"b", "a"}, counts=True), "Locals").names == ["a", "b"]


def test_each_loop_has_its_turn() -> None:
    tree = with_turns(body("for a in x:", "    while y: pass", "return [a for a in x]"))

    assert kinds(tree).count("Round") == 3
    assert kinds(tree).count("Counted") == 1


def test_a_function_without_a_loop_counts_nothing() -> None:
    tree = body("return x")

    assert with_turns(tree) is tree


def test_a_slice_is_an_object() -> None:
    tree = body("return x[1:], x[:]", "del x[:2]")

    keep_slices(tree)

    assert kinds(tree).count("SliceNode") == 3
    assert "SliceIndexNode" not in kinds(tree)


def test_an_operation_stands_where_it_begins() -> None:
    tree = body("return (x", "        + y", "        < 1)")

    keep_lines(tree)

    assert {one(tree, name).pos[1] for name in ("AddNode", "PrimaryCmpNode")} == {one(tree, "ReturnStatNode").pos[1]}


def test_all_repairs_are_done_once_in_order() -> None:
    tree = body("x, y = y", "return x[1:] + (y in {1}) * len(x)")

    repair(tree)

    assert len({*REPAIRS}) == len(REPAIRS)
    assert {"UnpackedTuple", "SliceNode", "ConstantSet", "AsObject"} <= {*kinds(tree)}


def test_classes_of_a_check_are_one_object_where_some_are_not_builtins() -> None:
    tree = body("isinstance(x, (int, y))", "isinstance(x, (int, str))")

    keep_builtin_calls(tree)

    assert kinds(tree).count("AsObject") == 1


def test_a_display_that_has_to_be_taken_apart_is_an_object() -> None:
    tree = body("x, y = [1, *x]", "x, y = 'ab'", "x, y = y, x")

    keep_unpacking(tree)

    assert kinds(tree).count("AsObject") == 2


def test_the_deletion_of_an_errors_name_is_no_read_of_it() -> None:
    tree = body("try: pass", "except A as e: pass")
    handler = one(tree, "ExceptClauseNode")
    made: Any = Nodes.DelStatNode
    handler.body = made(handler.pos, args=[handler.target], ignore_nonexisting=True)

    keep_deletions(tree)

    assert one(tree, "DelStatNode").ignore_nonexisting
    assert "Checked" not in kinds(handler.body)


@pytest.mark.parametrize("written", ["range(x)", "range(0, x)", "range(x, 0, -1)", "range(len(x))"])
def test_a_loop_over_a_range_counts_in_c(written: str) -> None:
    loop, comprehension = body(f"for y in {written}: pass"), body(f"return [y for y in {written}]")

    keep_ranges(loop)
    keep_ranges(comprehension)

    assert "Counting" in kinds(loop)
    assert "Counting" in kinds(comprehension)


@pytest.mark.parametrize(
    "written", ["range(10)", "range(3, -1, -1)", "range()", "range(*x)", "x.range(y)", "reversed(range(x))"]
)
def test_a_loop_that_cython_counts_or_that_goes_through_another_thing_stays(written: str) -> None:
    tree = body(f"for y in {written}: pass")

    keep_ranges(tree)

    assert "Counting" not in kinds(tree)


@pytest.mark.parametrize(("written", "is_ours"), [("{x:>5}", True), ("{x}", False), ("{x!r:>5}", False)])
def test_a_value_in_a_format_may_be_a_number_that_c_writes(written: str, is_ours: bool) -> None:
    tree = body(f'return f"{written}"')

    keep_formats(tree)

    assert ("Formatted" in kinds(tree)) == is_ours


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("if x % 3: pass", 1),
        ("while x % 3 == 1: pass", 1),
        ("y = 1 if x % 3 != 1 and not x % 4 else 2", 2),
        ("y = [z for z in x if z % 2]", 1),
        ("assert not x % 2 or x % 5", 2),
    ],
)
def test_a_condition_that_asks_for_a_remainder_makes_no_number(written: str, asked: int) -> None:
    tree = body(written)

    keep_remainders(tree)

    assert kinds(tree).count("Remains") == asked


@pytest.mark.parametrize(
    "written",
    [
        "y = x % 3",
        "if x % y: pass",
        "if 5 % 3: pass",
        "if x % 0: pass",
        "if x % 3 == y: pass",
        "if 1 < x % 3 < 2: pass",
    ],
)
def test_a_remainder_that_is_wanted_itself_stays(written: str) -> None:
    tree = body(written)

    keep_remainders(tree)

    assert "Remains" not in kinds(tree)


@pytest.mark.parametrize(
    ("written", "target"), [("x = x * y + z", "x"), ("x.a = x * y + z", ""), ("return x * y + z", "")]
)
def test_a_chain_of_floats_knows_the_name_that_gets_its_value(written: str, target: str) -> None:
    tree = body(written)

    keep_floats(tree)

    assert one(tree, "Reckoned").target == target
