"""What the instructions of a Dockerfile take of the context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.image.context import scan
from buildkit.image.dockerfile import read
from buildkit.image.expansion import expanded
from buildkit.image.ignore.lines import parse
from buildkit.image.needs import Needs, needs
from buildkit.image.sources import sources

ProjectMaker = Callable[[Mapping[str, str]], Path]


def taken(text: str, target: str = "", **arguments: str) -> list[str | None]:
    return [source.path for source in sources(read(text), arguments, target)]


def needed(root: Path, text: str, rules: str = "") -> Needs:
    return needs(scan(root, parse(rules)), sources(read(text), {}))


def names(found: Needs) -> list[str]:
    return [entry.path for entry in found.entries]


def test_copy_and_add_take_all_but_their_last_argument() -> None:
    text = 'FROM x\nCOPY a ./b/../c /d/\nADD --chown=1 ["with blank", "/e", "/f"]\nCOPY . /g\nCOPY ../h /'
    assert taken(text) == ["a", "c", "with blank", "e", "", "h"]


def test_what_comes_from_elsewhere_is_not_of_the_context() -> None:
    text = (
        "FROM x AS one\n"
        "FROM y\n"
        "COPY --from=one a /\nCOPY --from=0 a /\nCOPY --from=image:tag a /\nCOPY --from=named a /\n"
        "ADD https://example.org/a /\nADD git@example.org:a/b.git /\nADD https://example.org/a.git#main /\n"
        "COPY <<EOF <<'TWO' /\ntext\nEOF\ntext\nTWO\n"
        "RUN --mount=type=bind,from=one,target=/a --mount=type=cache,target=/b true\n"
    )
    assert taken(text) == []


def test_a_bind_mount_takes_its_source_or_all() -> None:
    assert taken("FROM x\nRUN --mount=type=bind,source=a/b,target=/c true") == ["a/b"]
    assert taken("FROM x\nRUN --mount=target=. true") == [""]
    assert taken('FROM x\nRUN --mount="type=bind,src=a" true') == ["a"]


def test_only_stages_that_the_target_is_built_from_count() -> None:
    text = (
        "FROM x AS base\nCOPY base /\n"
        "FROM x AS tools\nCOPY tools /\n"
        "FROM x AS unused\nCOPY unused /\n"
        "FROM base AS mounted\nCOPY mounted /\n"
        "FROM base\nCOPY --from=tools /a /\nRUN --mount=from=mounted,target=/m true\nCOPY last /\n"
    )
    assert taken(text) == ["base", "tools", "mounted", "last"]
    assert taken(text, "unused") == ["unused"]
    assert taken(text, "base") == ["base"]


def test_what_a_stage_leaves_for_those_on_top_is_taken_there() -> None:
    text = "FROM x AS one\nONBUILD COPY later /\nCOPY now /\nFROM one AS two\nFROM two\n"
    assert taken(text) == ["later", "now"]
    assert taken(text, "one") == ["now"]


def test_variables_are_replaced_where_they_are_known() -> None:
    text = (
        "ARG TOP=top\nARG GIVEN=no\n"
        "FROM scratch AS base\n"
        "ARG TOP\nARG GIVEN\nARG OWN=${TOP}/own OTHER='single quoted'\nENV E=env F=$OWN\nENV OLD form $E\n"
        'COPY $TOP $GIVEN ${OWN} "$OLD" ${NONE:-instead} ${E:+set} $F$E x$NONE /\n'
    )
    assert taken(text, GIVEN="yes") == ["top", "yes", "top/own", "form env", "instead", "set", "top/ownenv", "x"]
    assert taken("FROM scratch AS a\nENV E=one\nFROM a\nENV E=two F=$E\nCOPY $F /\n") == ["one"]


def test_what_a_base_image_may_set_is_not_known() -> None:
    assert taken("FROM x\nCOPY $HERE/a $TARGETARCH b /\n") == [None, None, "b"]
    assert taken("FROM scratch\nARG TARGETARCH\nCOPY bin-$TARGETARCH /\n") == [None]
    assert taken("FROM x\nARG A=1\nCOPY ${A%1} /\n") == [None]


@pytest.mark.parametrize(
    ("word", "is_"),
    [
        ("a\\ b", "a b"),
        ('"a b"c', "a bc"),
        ("'$A'", "$A"),
        ('"$A"', "1"),
        ('"\\$A\\n"', "$A\\n"),
        ("$A.b", "1.b"),
        ("${A}b", "1b"),
        ("${EMPTY:-x}${EMPTY-y}", "x"),
        ("${EMPTY+x}${EMPTY:+y}${NONE+z}", "x"),
        ("${NONE:-${A}$A}", "11"),
        ("${UNKNOWN}", None),
        ("${NONE:?said}", None),
        ("a$", "a$"),
        ('"open', None),
        ("'open", None),
    ],
)
def test_a_word_is_read_as_the_builder_reads_it(word: str, is_: str | None) -> None:
    assert expanded(word, {"A": "1", "EMPTY": "", "UNKNOWN": None}) == is_


def test_a_folder_is_needed_whole_and_with_those_above(project: ProjectMaker) -> None:
    root = project({"a/b/c": "", "a/b/d/e": "", "a/x": "", "ab/y": "", "z": ""})
    assert names(needed(root, "FROM x\nCOPY a/b z /")) == ["a", "a/b", "a/b/c", "a/b/d", "a/b/d/e", "z"]


def test_everything_is_needed_by_a_copy_of_all_and_nothing_without_one(project: ProjectMaker) -> None:
    root = project({"a/b": "", "c": ""})
    assert names(needed(root, "FROM x\nCOPY . /")) == ["a", "a/b", "c"]
    assert names(needed(root, "FROM x\nRUN true")) == []


def test_wildcards_stay_in_their_part_of_a_path(project: ProjectMaker) -> None:
    root = project({"a/1.txt": "", "a/b/2.txt": "", "3.txt": "", "d1/x": "", "d2/x": "", "e/x": ""})
    assert names(needed(root, "FROM x\nCOPY *.txt /")) == ["3.txt"]
    assert names(needed(root, "FROM x\nCOPY a/*.txt d?/x /")) == ["a", "a/1.txt", "d1", "d1/x", "d2", "d2/x"]
    assert names(needed(root, "FROM x\nCOPY --parents **/2.txt /")) == ["a", "a/b", "a/b/2.txt"]


def test_an_exclusion_is_sent_all_the_same(project: ProjectMaker) -> None:
    root = project({"a/1": "", "a/2": ""})
    assert names(needed(root, "FROM x\nCOPY --exclude=a/2 a /")) == ["a", "a/1", "a/2"]


def test_a_link_on_the_way_brings_itself_and_its_target(project: ProjectMaker) -> None:
    root = project({"real/f": "", "real/g": "", "rest/h": ""})
    (root / "app").mkdir()
    (root / "app/link").symlink_to("../real")
    (root / "loop").symlink_to("loop")
    (root / "out").symlink_to("/real/g")
    (root / "all").symlink_to(".")
    assert names(needed(root, "FROM x\nCOPY app/link/f /")) == ["app", "app/link", "real", "real/f"]
    assert names(needed(root, "FROM x\nCOPY loop /")) == ["loop"]
    assert names(needed(root, "FROM x\nCOPY o* /")) == ["out", "real", "real/g"]
    assert len(names(needed(root, "FROM x\nCOPY all /"))) == len(scan(root, parse("")).entries)


def test_what_an_ignore_rule_hides_is_missed(project: ProjectMaker) -> None:
    root = project({"a/b": "", "c": ""})
    found = needed(root, "FROM x\nCOPY a/b c none [ /", "a")
    assert names(found) == ["c"]
    assert [source.word for source in found.missing] == ["a/b", "none"]
    assert [source.word for source in found.unknown] == ["["]
