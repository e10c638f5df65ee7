from __future__ import annotations

import pytest
from parsed import body, kinds, one

from buildkit.compile.sameness.literals import keep_literals


@pytest.mark.parametrize(
    ("written", "value"),
    [("60 * 60 * 24", "86400"), ("2**40", str(2**40)), ("1 << 20", str(1 << 20)), ("7 // -2", None), ("10 % 3", "1")],
)
def test_an_operation_of_literals_is_reckoned_as_by_python(written: str, value: str | None) -> None:
    tree = body(f"return {written}")

    keep_literals(tree)

    found = [node for node in kinds(tree) if node.endswith("Node")]
    if value is not None:
        assert int(one(tree, "IntNode").value, 0) == int(value)
        assert "MulNode" not in found


def test_a_float_is_reckoned_to_the_last_bit() -> None:
    tree = body("return 0.1 + 0.2")

    keep_literals(tree)

    assert float(one(tree, "FloatNode").value) == 0.1 + 0.2


@pytest.mark.parametrize("written", ["1 << -1", "1 % 0", "1.5 // 0", "2**-1", "1.5 | 2", "'a' + 1", "1j * 2"])
def test_what_raises_or_has_no_number_is_left_to_python(written: str) -> None:
    tree = body(f"return {written}")

    keep_literals(tree)

    assert "AsObject" in kinds(tree)


@pytest.mark.parametrize(
    "written", ["1()", "1[0]", "(1, 2)[2]", "str(x)[0]", "[1].z", "not 1 < 'a'", "1 in 5", "dict.z"]
)
def test_a_literal_is_an_object_where_it_is_used(written: str) -> None:
    tree = body(f"return {written}")

    keep_literals(tree)

    assert "AsObject" in kinds(tree)


@pytest.mark.parametrize("written", ["x + 1", "x * 2.5", "x < 1", "', '.join(x)", "x.y[0]", "x[1]", "-1"])
def test_what_is_fast_and_the_same_stays(written: str) -> None:
    tree = body(f"return {written}")

    keep_literals(tree)

    assert "AsObject" not in kinds(tree)


def test_a_loop_over_nothing_keeps_its_name() -> None:
    tree = body("for x in ():", "    pass")

    keep_literals(tree)

    assert "AsObject" in kinds(tree)
