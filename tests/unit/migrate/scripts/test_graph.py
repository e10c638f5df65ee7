from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from buildkit.doors import process
from buildkit.errors import ConfigurationError, HeadsError
from buildkit.migrate.scripts.git_history import incoming
from buildkit.migrate.scripts.graph import read

Project = Callable[[Mapping[str, str]], Path]

# id → (down_revision, depends_on, branch_labels), as they stand in a file
SHAPES: dict[str, dict[str, tuple[object, object, object]]] = {
    "nothing": {},
    "one": {"a": (None, None, None)},
    "line": {"a": (None, None, None), "b": ("a", None, None), "c": ("b", None, None)},
    "merge": {
        "a": (None, None, None),
        "b": ("a", None, None),
        "c": ("a", None, None),
        "d": (("b", "c"), None, None),
    },
    "two bases merged": {"a": (None, None, None), "b": (None, None, "side"), "c": (("a", "b"), None, None)},
    "depends on a branch": {"a": (None, None, None), "b": (None, None, "side"), "c": ("a", "b", None)},
    "depends on a label": {"a": (None, None, None), "b": (None, None, "side"), "c": ("a", "side", None)},
    "several dependencies": {
        "a": (None, None, None),
        "b": (None, None, None),
        "c": (None, None, None),
        "d": ("a", ("b", "c"), None),
    },
    "two heads": {"a": (None, None, None), "b": ("a", None, None), "c": ("a", None, None)},
    "two bases": {"a": (None, None, None), "b": (None, None, None)},
    "merged, then forked": {
        "a": (None, None, None),
        "b": ("a", None, None),
        "c": ("a", None, None),
        "d": (("b", "c"), None, None),
        "e": ("d", None, None),
        "f": ("d", None, None),
    },
}


def revision(name: str, parent: object, depends: object = None, labels: object = None) -> str:
    return (
        f'"""Revision {name}.\n\nMore."""\n\nrevision = {name!r}\ndown_revision = {parent!r}\n'
        f"depends_on = {depends!r}\nbranch_labels = {labels!r}\n\n\ndef upgrade() -> None:\n    pass\n"
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_heads_are_those_that_alembic_finds(project: Project, shape: str) -> None:
    files = {f"versions/{name}_.py": revision(name, *facts) for name, facts in SHAPES[shape].items()}
    root = project({"env.py": "", **files})
    (root / "versions").mkdir(exist_ok=True)
    theirs = sorted(ScriptDirectory(str(root)).revision_map._real_heads)
    try:
        ours = [read([root / "versions"]).head]
    except HeadsError as error:
        ours = error.message.partition(": ")[2].split(", ")
    assert sorted(filter(None, ours)) == theirs


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if not shape.startswith(("two", "merged,"))])
def test_pending_is_what_alembic_would_apply(project: Project, shape: str) -> None:
    files = {f"versions/{name}_.py": revision(name, *facts) for name, facts in SHAPES[shape].items()}
    root = project({"env.py": "", **files})
    (root / "versions").mkdir(exist_ok=True)
    graph = read([root / "versions"])
    directory = ScriptDirectory(str(root))
    for at in [(), *((name,) for name in graph.revisions)]:
        theirs = {step.revision.revision for step in directory._upgrade_revs("heads", at)}  # type: ignore[arg-type]
        ours = [each.id for each in graph.pending(at)]
        assert set(ours) == theirs
        for place, name in enumerate(ours):
            assert not set(graph.needs[name]) & set(ours[place:])


def test_what_a_file_says_is_read_without_running_it(project: Project) -> None:
    text = (
        '"""Make the table.\n\nRevises: a."""\nfrom collections.abc import Sequence\nraise SystemExit("never run")\n'
        'revision: str = "b"\ndown_revision: str | Sequence[str] | None = "a"\n'
        'branch_labels: str | Sequence[str] | None = ("side", "way")\ndepends_on = None\n'
    )
    root = project({"a.py": revision("a", None), "b.py": text, "__init__.py": "", "notes.txt": ""})
    found = read([root]).revisions["b"]
    assert (found.parents, found.labels, found.depends_on) == (("a",), ("side", "way"), ())
    assert found.summary == "Make the table."


def test_files_below_count_only_where_alembic_is_told_so(project: Project) -> None:
    root = project({"a.py": revision("a", None), "2026/b.py": revision("b", "a")})
    assert read([root]).head == "a"
    assert read([root], recursive=True).head == "b"


@pytest.mark.parametrize(
    ("files", "message", "remedy"),
    [
        (
            {"b.py": revision("b", "a"), "c.py": revision("c", "a"), "a.py": revision("a", None)},
            "2 heads: b, c",
            'the later one to the other, or join them:\nalembic merge -m "merge" b c',
        ),
        ({"b.py": revision("b", "gone")}, "revision b: its parent gone is missing", "correct `down_revision`"),
        ({"x.py": revision("b", None), "y.py": revision("b", None)}, "revision b: two files", "a new id"),
        ({"b.py": revision("b", "c"), "c.py": revision("c", "b")}, "in a circle: b → c → b", "closes it"),
        ({"b.py": revision("b", "b")}, "in a circle: b → b", "closes it"),
        (
            {"b.py": revision("b", None, "ee"), "eef0.py": revision("eef0", None)},
            "revision b: it depends on ee, which is missing",
            "full id",
        ),
        (
            {"b.py": "import os\nrevision = os.name\ndown_revision = None\n"},
            "b.py:2: `revision` is not written out",
            "",
        ),
        ({"b.py": "def help(): pass\n"}, "b.py: no `revision`, so it is not a revision", "move others"),
        ({"b.py": 'revision = "b"\n'}, "b.py: no `down_revision`, so it is not a revision", "move others"),
        ({"b.py": "revision = (\n"}, "b.py:1: '(' was never closed", "mend"),
    ],
)
def test_what_does_not_lead_to_one_head_is_refused(
    project: Project, files: dict[str, str], message: str, remedy: str
) -> None:
    with pytest.raises(HeadsError) as caught:
        read([project(files)])
    assert message in caught.value.message
    assert remedy in caught.value.hint
    assert caught.value.exit_code == 41


def test_the_error_names_the_file_of_each_head(project: Project) -> None:
    root = project({"a.py": revision("a", None), "b.py": revision("b", None)})
    with pytest.raises(HeadsError) as caught:
        read([root])
    assert caught.value.details == (f"a  {root / 'a.py'}", f"b  {root / 'b.py'}")


def test_the_error_names_who_wrote_each_head_and_when(project: Project) -> None:
    root = project({"a.py": revision("a", None)})
    git = Git(root)
    git.commit("first")
    (root / "b.py").write_text(revision("b", None))
    with pytest.raises(HeadsError) as caught:
        read([root])
    assert caught.value.details == (f"a  {root / 'a.py'}  (Ann, 2026-01-02)", f"b  {root / 'b.py'}")


def test_two_branches_with_a_head_each_are_refused_before_they_are_merged(project: Project) -> None:
    root = project({"versions/a.py": revision("a", None), "versions/gone.py": revision("gone", "a")})
    git = Git(root)
    git.commit("first")
    git("checkout", "-q", "-b", "theirs")
    (root / "versions/gone.py").unlink()
    (root / "versions/b.py").write_text(revision("b", "a"))
    git.commit("theirs")
    git("checkout", "-q", "main")
    (root / "versions/c.py").write_text(revision("c", "gone"))
    folders = [root / "versions"]
    assert read(folders).head == "c"
    with pytest.raises(HeadsError, match="its parent gone is missing"):
        read(folders, merged=incoming(folders, "theirs"))
    (root / "versions/c.py").write_text(revision("c", "a"))
    with pytest.raises(HeadsError, match="2 heads: c, b"):
        read(folders, merged=incoming(folders, "theirs"))
    (root / "versions/c.py").write_text(revision("c", "b"))
    assert read(folders, merged=incoming(folders, "theirs")).head == "c"
    with pytest.raises(ConfigurationError, match="git diff ended with 128"):
        incoming(folders, "nowhere")


def test_a_way_down_ends_at_the_last_revision_without_one(project: Project) -> None:
    down = "\n\ndef downgrade() -> None:\n    "
    root = project(
        {
            "a.py": revision("a", None) + down + "pass\n",
            "b.py": revision("b", "a") + down + "raise NotImplementedError\n",
            "c.py": revision("c", "b") + down + "pass\n",
        }
    )
    assert read([root]).downgrade_limit() == ("b", {"c"})
    (root / "b.py").write_text(revision("b", "a") + down + "pass\n")
    assert read([root]).downgrade_limit() == ("", {"a", "b", "c"})


class Git:
    """A repository of its own, with an author and a day of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self("init", "-q", "-b", "main")

    def __call__(self, *words: str) -> None:
        settings = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
        days = {f"GIT_{who}_DATE": "2026-01-02T03:04:05Z" for who in ("AUTHOR", "COMMITTER")}
        done = process.run(["git", *settings, *words], folder=self.root, environment={**os.environ, **days})
        assert done.ok, done.stderr

    def commit(self, message: str) -> None:
        self("add", "-A")
        self("commit", "-q", "-m", message)
