"""Whether a declared package is used: what is not sure is said to be so, and nothing that is needed is unused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from installed import Package, inventory

from buildkit.dependencies.needs import Need
from buildkit.image.usage.closure import share
from buildkit.image.usage.evidence import Evidence
from buildkit.image.usage.use import Role, Use
from buildkit.image.usage.verdicts import Neighbours, Scene, Verdict, verdict

YAML = Package("PyYAML", {"yaml/__init__.py": ""})


def judged(
    name: str,
    packages: Sequence[Package],
    uses: Sequence[tuple[Use, Role]] = (),
    *,
    needs: Sequence[Need] = (),
    neighbours: Neighbours | None = None,
    starts: bool = True,
    own: Sequence[str] = ("app",),
) -> Verdict:
    found = inventory(*packages)
    evidence = Evidence(found, own, uses)
    its = share(found, needs or [Need(name)], name)
    return verdict(found.distributions[name], its, Scene(evidence, neighbours or Neighbours(), starts))


def use(name: str, kind: str = "import", file: str = "app/a.py") -> Use:
    return Use(name, kind, file, 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "role", "result"),
    [
        (use("yaml"), "runtime", "used"),
        (use("yaml.loader"), "runtime", "used"),
        (use("yaml", "optional"), "runtime", "used"),
        (use("PyYAML", "distribution"), "runtime", "used"),
        (use("yaml.loader", "path"), "runtime", "uncertain"),
        (use("yaml", "word"), "runtime", "uncertain"),
        (use("pyyaml", "word"), "outside", "uncertain"),
        (use("yaml"), "outside", "uncertain"),
        (use("yaml", "cimport"), "runtime", "uncertain"),
        (use("yaml", "usual"), "runtime", "uncertain"),
        (use("", "dynamic"), "runtime", "uncertain"),
        (use("yaml", "type"), "runtime", "type-only"),
        (use("yaml"), "test", "test-only"),
        (use("yaml"), "tool", "test-only"),
        (use("app.plugins.", "dynamic"), "runtime", "unused"),
        (use("other"), "runtime", "unused"),
    ],
)
def test_where_and_how_a_package_is_named_decides(found: Use, role: Role, result: str) -> None:
    said = judged("pyyaml", [YAML], [(found, role)])

    assert said.result == result
    if result != "unused":
        assert "app/a.py:7" in said.places


def test_a_use_at_run_time_counts_more_than_one_in_tests() -> None:
    assert judged("pyyaml", [YAML], [(use("yaml"), "test"), (use("yaml"), "runtime")]).result == "used"


def test_a_command_that_is_started_is_a_use() -> None:
    server = Package("uvicorn", {"uvicorn/__init__.py": ""}, (), [("console_scripts", "uvicorn", "uvicorn:main")])

    assert judged("uvicorn", [server], [(use("uvicorn", "program"), "runtime")]).result == "used"
    assert judged("uvicorn", [server]).result == "unused"
    silent = judged("uvicorn", [server], starts=False)
    assert (silent.result, silent.why) == (
        "uncertain",
        "it brings the command uvicorn, and nothing here says what is started",
    )


def test_a_package_that_brings_what_is_imported_is_not_unused() -> None:
    meta = Package("everything", {}, ["PyYAML"])
    said = judged("everything", [meta, YAML], [(use("yaml"), "runtime")])

    assert said.result == "uncertain"
    assert said.why == "it brings pyyaml, which app/a.py:7 names and nothing else brings"


def test_what_another_package_takes_where_it_is_there_is_not_unused() -> None:
    loop, server = Package("uvloop", {"uvloop/__init__.py": ""}), Package("uvicorn", {"uvicorn/__init__.py": ""})
    taken = Neighbours(imports={"uvloop": [("uvicorn", use("uvloop", "optional", "uvicorn/loops/auto.py"))]})
    extra = Neighbours(takers={"uvloop": [("uvicorn", "standard")]})
    loaded = Neighbours(hosts={"uvloop": [("uvicorn", "uvicorn.loops")]})

    for neighbours in (taken, extra, loaded):
        assert judged("uvloop", [loop, server], neighbours=neighbours).result == "uncertain"
    assert judged("uvloop", [loop, server], neighbours=taken).places == ("uvicorn/loops/auto.py:7",)


def test_what_stays_all_the_same_is_unused_and_frees_nothing() -> None:
    auth = Package("google-auth", {"google/auth/__init__.py": ""}, ["cryptography"])
    plain = Package("cryptography", {"cryptography/__init__.py": ""})
    said = judged("cryptography", [auth, plain], needs=[Need("google-auth"), Need("cryptography")])

    assert said.result == "unused"
    assert said.why.endswith("it stays all the same, for google-auth")


def test_a_plugin_of_pytest_is_for_tests() -> None:
    plugin = Package("pytest-fast", {"pytest_fast.py": ""}, (), [("pytest11", "fast", "pytest_fast")])

    assert judged("pytest-fast", [plugin]).result == "test-only"


def test_declarations_for_type_checkers_are_for_types() -> None:
    assert judged("types-yaml", [Package("types-yaml", {"yaml-stubs/__init__.pyi": ""})]).result == "type-only"


def test_what_runs_at_every_start_or_has_no_module_is_not_known() -> None:
    assert judged("patch", [Package("patch", {"patch.pth": "import patch", "patch.py": ""})]).result == "uncertain"
    assert judged("data", [Package("data", {"data/table.csv": ""})]).result == "uncertain"


def test_a_folder_of_the_project_with_the_name_of_a_package_hides_no_import() -> None:
    alembic = Package("alembic", {"alembic/__init__.py": ""})

    assert judged("alembic", [alembic], [(use("alembic"), "runtime")], own=("app", "alembic")).result == "used"
