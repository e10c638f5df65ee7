"""What editable installs of meson-python and scikit-build-core leave in site-packages, as each has written it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildkit.compile.places import Places
from buildkit.compile.siblings import sibling_folders

MESON = {
    "0.22": (
        "class MesonpyMetaFinder: ...\n\ndef init():\n    finder = MesonpyMetaFinder(\n        'my-lib',\n"
        "        {{'lib'}},\n        {build!r},\n        ['ninja'],\n        False,\n    )\n"
        "    sys.meta_path.insert(0, finder)\n"
    ),
    "0.18": (
        "def install(package, names, path, cmd, verbose):\n"
        "    finder = MesonpyMetaFinder(package, names, path, cmd, verbose)\n\n"
        "install(\n    'my-lib',\n    {{'lib'}},\n    {build!r},\n    ['ninja'],\n    False,\n)\n"
    ),
}
SCIKIT = {
    "_editable_skbc_my_lib.py": "def entrypoint() -> None:\n    install({modules!r}, {{}}, {{}}, ['lib'], None)\n",
    "_my_lib_editable.py": "def install(known, wheel, path=None): ...\n\n\ninstall({modules!r}, {{}}, None, False)\n",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site-packages").mkdir()
    return tmp_path / "site-packages"


def found(site: Path, noted: list[str] | None = None) -> tuple[str, ...]:
    places = Places(f"{site.parent}/src", (str(site),), (), str(site.parent))
    return sibling_folders(places, {}, ([] if noted is None else noted).append)


@pytest.mark.parametrize("text", MESON.values(), ids=MESON)
def test_a_plan_of_meson_says_where_a_package_lies(site: Path, tmp_path: Path, text: str) -> None:
    build = tmp_path / "build"
    plan = build / "meson-info/intro-install_plan.json"
    plan.parent.mkdir(parents=True)
    files = {
        f"{tmp_path}/there/src/lib/__init__.py": "{py_platlib}/lib/__init__.py",
        f"{tmp_path}/there/src/lib/deep/core.pxd": "{py_purelib}/lib/deep/core.pxd",
        f"{build}/lib/core.so": "{py_platlib}/lib/core.so",
        f"{tmp_path}/there/other/made.py": "{py_platlib}/lib/given.py",
        f"{tmp_path}/there/lib.pc": "{datadir}/lib.pc",
    }
    plan.write_text(json.dumps({"python": {file: {"destination": place} for file, place in files.items()}}))
    (site / "_my_lib_editable_loader.py").write_text(text.format(build=str(build)))
    noted: list[str] = []

    assert found(site, noted) == (f"{tmp_path}/there/src", str(build))
    assert noted == [str(site / "_my_lib_editable_loader.py"), str(plan)], (
        "the next look holds them against their stamps"
    )


@pytest.mark.parametrize("name", SCIKIT)
def test_modules_of_scikit_build_say_where_a_package_lies(site: Path, name: str) -> None:
    modules = {"lib": "/a/src/lib/__init__.py", "lib.deep.core": "/a/src/lib/deep/core.py", "one": "/b/one.pyi"}
    modules |= {"lib.moved": "/c/elsewhere/other.py", "odd": 3}  # type: ignore[dict-item]
    (site / name).write_text(SCIKIT[name].format(modules=modules))

    assert found(site) == ("/a/src", "/b")


@pytest.mark.parametrize("name", ["_editable_skbc_lib.py", "_lib_editable.py", "_lib_editable_loader.py"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "install(",
        "install()",
        "install({1})",
        "install(1, 2, 3)",
        "install({}, [], '/nowhere')",
        "\0",
        "install({x: 1})",
    ],
)
def test_what_cannot_be_read_as_one_names_nothing(site: Path, name: str, text: str) -> None:
    (site / name).write_text(text)

    assert found(site) == ()


@pytest.mark.parametrize(
    "plan", ["", "[]", '{"python": []}', '{"python": {"/a/b": {}}}', '{"python": {"/a": {"destination": 1}}}']
)
def test_a_plan_that_is_none_names_nothing(site: Path, tmp_path: Path, plan: str) -> None:
    (tmp_path / "meson-info").mkdir()
    (tmp_path / "meson-info/intro-install_plan.json").write_text(plan)
    (site / "_lib_editable_loader.py").write_text(f"install('lib', {{'lib'}}, {str(tmp_path)!r}, [], False)\n")

    assert found(site) == ()
