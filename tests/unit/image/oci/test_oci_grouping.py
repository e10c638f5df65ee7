"""Which files make which layer: what changes together lies together."""

from __future__ import annotations

from buildkit.image.oci import nodes
from buildkit.image.oci.grouping import (
    HEAVY,
    MOST_LAYERS,
    Distribution,
    of_distributions,
    of_service,
    twice,
    without_twice,
)
from buildkit.image.oci.nodes import Node


def distribution(name: str, size: int, *paths: str) -> Distribution:
    return Distribution(name, "1", size, {path: nodes.text(name) for path in paths or (f"site/{name}.py",)})


def test_a_heavy_distribution_has_a_layer_of_its_own_and_small_ones_share_a_few() -> None:
    small = [distribution(f"small{number}", 1000) for number in range(60)]
    groups, merged = of_distributions([distribution("numpy", HEAVY), *small], 100)
    assert [group.name for group in groups if len(group.tree) == 1] == ["numpy 1"]
    assert 5 <= len(groups) <= 9
    assert sum(len(group.tree) for group in groups) == 61
    assert merged == []


def test_a_small_one_that_comes_or_goes_moves_no_other() -> None:
    names = [f"small{number}" for number in range(60)]
    before, _ = of_distributions([distribution(name, 1000) for name in names], 100)
    after, _ = of_distributions([distribution(name, 1000) for name in [*names, "another"]], 100)
    same = [group for group in after if group.tree in [each.tree for each in before]]
    assert len(same) == len(after) - 1


def test_of_130_heavy_ones_the_largest_have_layers_and_the_rest_is_named() -> None:
    found = [distribution(f"heavy{number:03}", HEAVY + number) for number in range(130)]
    groups, merged = of_distributions(found, MOST_LAYERS - 10)
    assert len(groups) <= MOST_LAYERS - 10
    assert sum(len(group.tree) for group in groups) == 130
    assert merged == [f"heavy{number:03}" for number in range(22, -1, -1)]


def module(name: str) -> dict[str, Node]:
    folder, _, last = name.rpartition("/")
    paths = (f"{name}.py", f"{name}.cpython-311-x86_64-linux-gnu.so", f"{folder}/__pycache__/{last}.cpython-311.pyc")
    return {path: nodes.text(path) for path in paths}


def test_source_extension_and_bytecode_of_a_module_lie_in_one_layer() -> None:
    tree = {path: node for number in range(40) for path, node in module(f"app/src/a/m{number}").items()}
    groups = of_service({**tree, "app/buildkit.json": nodes.text("")}, lambda _: 50_000)
    assert len(groups) > 10
    assert [*groups[0].tree] == ["app/buildkit.json"]
    for number in range(40):
        paths = {*module(f"app/src/a/m{number}")}
        assert sum(bool(paths & {*group.tree}) for group in groups) == 1


def test_a_small_service_is_one_layer_beside_its_settings() -> None:
    groups = of_service({**module("app/src/a/one"), "app/page.html": nodes.text("")}, lambda _: 100)
    assert [group.name for group in groups] == ["service: settings and data", "service: modules 1 of 1"]


def test_a_file_of_two_distributions_is_that_of_the_last_by_name() -> None:
    first = distribution("alpha", 1, "site/x.py", "site/__pycache__/x.cpython-311.pyc", "site/a.py")
    second = distribution("beta", 1, "site/x.py", "site/__pycache__/x.cpython-311.pyc")
    both = twice([first, second])
    assert both == {"site/x.py": ("alpha", "beta")}
    kept = without_twice([first, second], both)
    assert [*kept[0].tree] == ["site/a.py"]
    assert kept[1].tree == second.tree
