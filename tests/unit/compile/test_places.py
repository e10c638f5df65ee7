from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.compile.places import Places, Probes

PLACES = Places(
    "/home/project/src",
    ("/venv/site-packages", "/home/other/site-packages"),
    ("/usr/lib/python3", "/venv/site-packages/Cython"),
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/project/src/app/fast.pxd", "source app/fast.pxd"),
        ("/venv/site-packages/numpy/__init__.pxd", "site numpy/__init__.pxd"),
        ("/home/other/site-packages/numpy/__init__.pxd", "site numpy/__init__.pxd"),
        ("/usr/include/math.h", "file /usr/include/math.h"),
        ("/home/project/src2/a.pxd", "file /home/project/src2/a.pxd"),
        ("/venv/site-packages/Cython/Includes/libc/math.pxd", None),
        ("/usr/lib/python3/types.py", None),
    ],
)
def test_an_input_has_one_name_on_every_machine(path: str, name: str | None) -> None:
    assert PLACES.name(path) == name


def test_a_virtual_environment_in_the_source_root_is_still_one() -> None:
    """The longest root wins, whichever lies in the other."""
    inside = Places("/project", ("/project/.venv/lib/site-packages",), ("/project/.venv/lib/site-packages/Cython",))
    assert inside.name("/project/.venv/lib/site-packages/numpy/a.pxd") == "site numpy/a.pxd"
    assert inside.name("/project/.venv/lib/site-packages/Cython/a.pxd") is None
    assert inside.name("/project/app/a.pxd") == "source app/a.pxd"


RELATIVE = st.lists(
    st.text("ab.-_ é", min_size=1, max_size=3).filter(lambda part: part not in {".", ".."}), min_size=1, max_size=3
)


@given(parts=RELATIVE, root=st.sampled_from(["/home/project/src", "/venv/site-packages", "/elsewhere"]))
def test_a_name_leads_back_to_where_it_came_from(parts: list[str], root: str) -> None:
    path = "/".join([root, *parts])

    name = PLACES.name(path)

    assert name is not None
    assert path in PLACES.candidates(name)
    assert PLACES.path(name) == path


def test_of_several_sites_the_one_that_has_the_file_is_meant(tmp_path: Path) -> None:
    sites = (str(tmp_path / "one"), str(tmp_path / "two"))
    places = Places(str(tmp_path / "src"), sites, ())
    assert places.path("site a.pxd") == f"{sites[0]}/a.pxd"
    (tmp_path / "two").mkdir()
    (tmp_path / "two/a.pxd").touch()

    assert places.path("site a.pxd") == f"{sites[1]}/a.pxd"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("src/app", "site"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "src/app/there.pxd").touch()
    (tmp_path / "site/numpy").mkdir()
    return Places(str(tmp_path / "src"), (str(tmp_path / "site"), str(tmp_path / "nowhere")), ())


SAME = ["+source app/there.pxd", "-source app/missing.pxd", "+site numpy", "-source gone/a.pxd", "+source app"]


def test_probes_that_answer_as_they_did_have_not_changed(places: Places) -> None:
    probes = Probes(places)

    assert probes.changed([]) is None
    assert probes.changed(SAME) is None
    assert probes.changed(reversed(SAME)) is None


@pytest.mark.parametrize(
    "probe",
    ["-source app/there.pxd", "+source app/missing.pxd", "-site numpy", "+site pandas", "+source gone/a.pxd"],
)
def test_the_first_probe_that_answers_otherwise_is_named(places: Places, probe: str) -> None:
    assert Probes(places).changed([*SAME, probe, "+source app/never.pxd"]) == probe


def test_a_versioned_declaration_counts_by_its_kind_alone(places: Places) -> None:
    """Cython looks for `there.cython-*.pxd`; only a file with a version in its name is one."""
    assert Probes(places).changed(["-source app/there*.pxd"]) is None
    Path(places.source, "app/there.cython-30.pxd").touch()

    assert Probes(places).changed(["-source app/there*.pxd"]) == "-source app/there*.pxd"


def test_each_folder_is_listed_once_in_a_build(places: Places) -> None:
    probes = Probes(places)
    assert probes.changed(["-source app/new.pxd"]) is None
    Path(places.source, "app/new.pxd").touch()

    assert probes.changed(["-source app/new.pxd", "-source app/newer.pxd"]) is None, (
        "a build sees one state of the tree"
    )
    assert Probes(places).changed(["-source app/new.pxd"]) == "-source app/new.pxd"


def test_a_broken_link_is_there(places: Places) -> None:
    Path(places.source, "app/link.pxd").symlink_to("nowhere")

    assert Probes(places).changed(["+source app/link.pxd"]) is None


# ------------------------------------------------------------------ what may stand in for a header


HEADERS = ("file /usr/include/sys/types.h", "source limit.h")


def test_nothing_stands_in_for_a_header_at_first(places: Places) -> None:
    assert Probes(places).shadowing(HEADERS, "app") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("app/limit.h", ["source app/limit.h"]),
        ("app/types.h", ["source app/types.h"]),
        ("sys/types.h", ["source sys", "source sys/types.h"]),
        ("limit.h.gch", ["source limit.h.gch"]),
        ("app/other.h", []),
        ("other/limit.h", []),
    ],
)
def test_what_turns_up_in_the_include_path_under_its_name_does(places: Places, path: str, found: list[str]) -> None:
    file = Path(places.source, path)
    file.parent.mkdir(exist_ok=True)
    file.touch()

    assert Probes(places).shadowing(HEADERS, "app") == found


def test_a_header_may_turn_up_in_a_folder_that_was_there_already(places: Places) -> None:
    headers = (*HEADERS, "include source vendor")
    Path(places.source, "vendor/sys").mkdir(parents=True)
    before = Probes(places).shadowing(headers, "app")
    Path(places.source, "vendor/sys/types.h").touch()

    assert Probes(places).shadowing(headers, "app") == [*before, "source vendor/sys/types.h"]


def test_folders_that_lead_back_to_themselves_have_an_end(places: Places) -> None:
    Path(places.source, "app/sys").symlink_to(".")
    Path(places.source, "app/include").symlink_to(".")

    assert "source app/sys" in Probes(places).shadowing(HEADERS, "app")


def test_a_folder_of_profiles_counts_with_all_that_lies_in_it(places: Places) -> None:
    headers = ("all source profiles",)
    Path(places.source, "profiles/deep").mkdir(parents=True)
    before = Probes(places).shadowing(headers, "app")
    Path(places.source, "profiles/deep/fast.gcda").touch()

    assert Probes(places).shadowing(headers, "app") == [*before, "source profiles/deep/fast.gcda"]


def test_what_looks_again_lists_the_folders_in_which_something_may_have_changed(places: Places) -> None:
    first = Probes(places)
    assert first.shadowing(HEADERS, "app") == []
    Path(places.source, "app/limit.h").touch()

    assert first.shadowing(HEADERS, "app") == []
    assert first.again().shadowing(HEADERS, "app") == ["source app/limit.h"]


def test_a_header_may_be_hidden_by_one_beside_the_header_that_names_it(places: Places) -> None:
    headers = (*HEADERS, "source include/all.h")
    Path(places.source, "include").mkdir()
    before = Probes(places).shadowing(headers, "app")
    Path(places.source, "include/limit.h").touch()

    assert Probes(places).shadowing(headers, "app") == sorted([*before, "source include/limit.h"])


def test_a_header_may_be_hidden_in_a_folder_that_was_searched(places: Places) -> None:
    headers = (*HEADERS, "include source vendor")
    Path(places.source, "vendor").mkdir()
    before = Probes(places).shadowing(headers, "app")
    Path(places.source, "vendor/types.h").touch()

    assert Probes(places).shadowing(headers, "app") == [*before, "source vendor/types.h"]


def test_every_library_in_a_folder_that_the_linker_searched_may_be_taken_instead(places: Places) -> None:
    headers = ("libraries source vendor", "source vendor/libone.a")
    Path(places.source, "vendor").mkdir()
    before = Probes(places).shadowing(headers, "app")
    for name in ("libone.so", "README"):
        Path(places.source, "vendor", name).touch()

    assert Probes(places).shadowing(headers, "app") == sorted([*before, "source vendor/libone.so"])


def test_another_file_of_a_version_counts_beside_those_that_were_found(places: Places) -> None:
    Path(places.source, "app/fast.cython-30.pxd").touch()
    probe = "-source app/fast.cython-*.pxd!fast.cython-30.pxd"

    assert Probes(places).changed([probe]) is None
    Path(places.source, "app/fast.cython-29.pxd").touch()
    assert Probes(places).changed([probe]) == probe
