"""What is wrong with ignore rules, each time with the change that cures it and takes nothing from the image."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.image.advice.finding import Finding
from buildkit.image.advice.proposal import findings, guarded, proposed, settled
from buildkit.image.advice.scene import Scene
from buildkit.image.context import ignore_file, ignore_text
from buildkit.image.dockerfile import read
from buildkit.image.rules import Line
from buildkit.image.sources import sources

ProjectMaker = Callable[[Mapping[str, str]], Path]

ALL = "FROM x\nCOPY . /\n"
CACHE = "Signature: 8a477f597d28d172789f06886806bc55\n"


def scene(root: Path, dockerfile: str = ALL, place: str = "Dockerfile") -> Scene:
    file = root / place
    text = ignore_text(root, file)
    lines = [Line(line, number) for number, line in enumerate(text.split("\n"), 1)]
    return Scene(root, file, ignore_file(root, file), lines, sources(read(dockerfile), {}))


def found(root: Path, code: str, dockerfile: str = ALL, place: str = "Dockerfile") -> list[Finding]:
    return [each for each in findings(scene(root, dockerfile, place)) if each.code == code]


def after(root: Path, dockerfile: str = ALL) -> tuple[str, list[str]]:
    """Write the proposal, and return it with what is sent then."""

    def look(text: str) -> list[Finding]:
        (root / ".dockerignore").write_text(text)
        return findings(scene(root, dockerfile))

    text = settled(ignore_text(root, root / "Dockerfile"), look)
    (root / ".dockerignore").write_text(text)
    return text, [entry.path for entry in scene(root, dockerfile).context.entries]


def test_a_name_that_counts_at_the_top_alone_is_meant_for_any_depth(project: ProjectMaker) -> None:
    root = project({".dockerignore": "__pycache__\n*.pyc\nlogs\n", "a/__pycache__/x.pyc": "123", "a/y.pyc": "45"})
    folder, ending = found(root, "anchored")
    assert (folder.place, folder.files, folder.size, folder.proposal) == (".dockerignore:1", 1, 3, "**/__pycache__")
    assert (ending.place, ending.files, ending.size, ending.proposal) == (".dockerignore:2", 2, 5, "**/*.pyc")
    assert after(root) == ("**/__pycache__\n**/*.pyc\nlogs\n", [".dockerignore", "a"])


def test_an_anchored_name_without_deeper_ones_is_well(project: ProjectMaker) -> None:
    assert found(project({".dockerignore": "__pycache__", "__pycache__/x": "", "a/b": ""}), "anchored") == []


def test_a_set_negated_as_git_does_it_is_told(project: ProjectMaker) -> None:
    (finding,) = found(project({".dockerignore": "a\n[!a]*.py\n\\[!x]\n", "b.py": ""}), "negation")
    assert (finding.place, finding.proposal) == (".dockerignore:2", "[^a]*.py")


def test_an_exception_that_brings_nothing_back_is_told(project: ProjectMaker) -> None:
    root = project({".dockerignore": "*\n!a/*/**\n", "a/b/c": "123", "a/b/d/e": "4"})
    (finding,) = found(root, "brings-nothing-back")
    assert (finding.files, finding.size, finding.proposal) == (2, 4, "!a/*")
    (root / ".dockerignore").write_text(f"*\n{finding.proposal}\n")
    assert "a/b/c" in [entry.path for entry in scene(root).context.entries]
    assert found(root, "brings-nothing-back") == []


def test_lines_that_never_decide_may_go(project: ProjectMaker) -> None:
    rules = "*\n!/src/\n!/src/app/\n!/src/app/x.py\n**/.venv\nsrc/.venv\n**/.venv\n"
    root = project({".dockerignore": rules, "src/app/x.py": "", "src/.venv/y": "", "old/x": ""})
    before = [entry.path for entry in scene(root).context.entries]
    dead = found(root, "never-decides")
    assert [each.place for each in dead] == [f".dockerignore:{number}" for number in (3, 4, 7)]
    assert '"!/src/" (line 2)' in dead[0].says
    assert after(root) == ("*\n!/src/\n**/.venv\nsrc/.venv\n", before)


def test_an_exception_before_all_rules_never_decides(project: ProjectMaker) -> None:
    root = project({".dockerignore": "!a\na/b\na/b/c\n", "a/b/c": "", "a/d": ""})
    assert [each.place for each in found(root, "never-decides")] == [".dockerignore:1"]
    assert after(root)[0] == "a/b\n"


def test_a_line_that_only_seems_to_be_overruled_decides(project: ProjectMaker) -> None:
    """The builder does not ask `!a` about a folder that is not ignored, and so does not remember it inside."""
    root = project({".dockerignore": "a/b\n!a\n", "a/b": "", "a/c": ""})
    assert "a/b" not in [entry.path for entry in scene(root).context.entries]
    assert found(root, "never-decides") == []


def test_a_rule_that_hides_the_source_of_a_copy_is_named(project: ProjectMaker) -> None:
    root = project({".dockerignore": "*\n!b\n", "a/x": "", "b": ""})
    (finding,) = found(root, "hides-source", "FROM x\n\nCOPY a/x b /\n")
    assert finding.place == "Dockerfile:3"
    assert finding.says == '"COPY a/x b /" finds nothing: .dockerignore:1  * keeps a/x out'
    assert found(root, "no-source", "FROM x\nCOPY c /\n")[0].says.endswith("there is no c")
    assert found(root, "not-known", "FROM x\nCOPY $C /\n")[0].place == "Dockerfile:2"


def test_ignore_files_that_are_not_read_are_named(project: ProjectMaker) -> None:
    root = project({".dockerignore": "a", "docker/Dockerfile": "", "docker/.dockerignore": "b"})
    assert [each.place for each in found(root, "beside-dockerfile", place="docker/Dockerfile")] == [
        "docker/.dockerignore"
    ]
    assert found(root, "replaced", place="docker/Dockerfile") == []
    (root / "docker/Dockerfile.dockerignore").touch()
    (finding,) = found(root, "replaced", place="docker/Dockerfile")
    assert "docker/Dockerfile.dockerignore is empty, so that all is sent" in finding.says


def test_what_is_no_ignore_file_though_it_is_called_one_is_named(project: ProjectMaker) -> None:
    root = project({".dockerignore/a": "", "b": ""})
    assert [each.place for each in found(root, "not-a-file")] == [".dockerignore"]
    (root / "Dockerfile.dockerignore").symlink_to("gone")
    assert "a link to gone" in found(root, "broken-link")[0].says


def test_what_other_engines_read_otherwise_is_told(project: ProjectMaker) -> None:
    root = project({".dockerignore": "**.md\n**/*.rst\n!a/*.py\n!b\n", "a/x.py": ""})
    assert [(each.place, each.proposal) for each in found(root, "differs-by-engine")] == [
        (".dockerignore:1", "**/*.md"),
        (".dockerignore:3", ""),
    ]


def test_environments_caches_and_history_are_known_by_their_marks(project: ProjectMaker) -> None:
    root = project(
        {
            "env/pyvenv.cfg": "1",
            "env/lib/[x]/pyvenv.cfg": "1",
            "a/cache/CACHEDIR.TAG": CACHE,
            "a/other/CACHEDIR.TAG": "no signature",
            ".git/HEAD": "1",
            "a/b/__pycache__/c.pyc": "1",
            "a/b/c.py": "1",
        }
    )
    places = {each.code: each.place for each in findings(scene(root)) if each.made_again}
    assert places == {
        "virtual-environment": "env",
        "cache": "a/cache",
        "history": ".git",
        "bytecode": "a/b/__pycache__",
    }
    text, sent = after(root)
    assert text == "# what no build of an image needs\n/.git\n/a/cache\n/env\n**/__pycache__\n"
    assert [path for path in sent if "." in path] == [".dockerignore", "a/b/c.py", "a/other/CACHEDIR.TAG"]


def test_the_history_stays_where_a_version_is_made_of_it(project: ProjectMaker) -> None:
    text = '[build-system]\nrequires = ["setuptools-scm"]\n'
    assert found(project({".git/HEAD": "1", "pyproject.toml": text}), "history") == []


def test_a_folder_that_no_instruction_takes_stays_out(project: ProjectMaker) -> None:
    root = project({"app/x": "1", "models/#a*/y": "12", "docs/z": "3"})
    assert [each.place for each in found(root, "not-taken", "FROM x\nCOPY app /\n")] == ["docs", "models"]
    assert found(root, "not-taken", "FROM x\nCOPY app $MORE /\n") == []
    assert found(root, "not-taken") == []
    assert after(root, "FROM x\nCOPY app /\n")[1] == [".dockerignore", "app", "app/x"]


def test_what_an_instruction_takes_by_name_is_never_kept_out(project: ProjectMaker) -> None:
    root = project({".venv/pyvenv.cfg": "", "a/.venv/pyvenv.cfg": "", ".dockerignore": ".venv\n!.venv\n"})
    dockerfile = "FROM x\nCOPY a/.venv /\nCOPY . /\n"
    for each in findings(scene(root, dockerfile)):
        if each.paths and "a/.venv" in each.paths:
            assert each.held_by == "an instruction takes it by name"
    assert "a/.venv/pyvenv.cfg" in after(root, dockerfile)[1]


def test_what_tools_make_again_goes_from_a_folder_that_is_taken_by_name(project: ProjectMaker) -> None:
    root = project({"src/.venv/pyvenv.cfg": "", "src/__pycache__/x.pyc": "", "src/x.py": "", ".dockerignore": ".venv"})
    text, sent = after(root, "FROM x\nCOPY src /\n")
    assert text == "**/.venv\n\n# what no build of an image needs\n**/__pycache__\n"
    assert sent == [".dockerignore", "src", "src/x.py"]


def test_a_large_folder_that_is_taken_with_all_the_rest_is_left_to_a_person(project: ProjectMaker) -> None:
    root = project({"models/v1/weights": "", "app/x": "1"})
    os.truncate(root / "models/v1/weights", 60_000_000)
    (finding,) = found(root, "large")
    assert (finding.place, finding.size) == ("models/v1", 60_000_000)
    text, sent = after(root)
    assert text.endswith("to keep it out, take the mark away:\n# /models/v1\n")
    assert "models/v1/weights" in sent
    assert after(root)[0] == text


NAMES = ["a", "b", "src", "__pycache__", ".venv", "x.pyc", "pyvenv.cfg", "CACHEDIR.TAG", ".git"]
RULES = [
    "*",
    "a",
    "!a",
    "src",
    "!src",
    "!src/a",
    "src/a",
    "**/b",
    "b",
    "__pycache__",
    "*.pyc",
    "!**/x.pyc",
    ".venv",
    "!a/*/**",
]
COPIES = ["COPY . /", "COPY a b /x/", "COPY src /", "COPY src/.venv /", "COPY */x.pyc /", "RUN --mount=target=/m true"]


@pytest.mark.parametrize("seed", range(150))
def test_a_proposal_takes_nothing_from_an_image_and_is_made_once(tmp_path: Path, seed: int) -> None:
    """Random trees, rules and instructions."""
    chance = random.Random(seed)
    for _ in range(chance.randint(3, 25)):
        file = tmp_path.joinpath(*(chance.choice(NAMES) for _ in range(chance.randint(1, 4))))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(CACHE)
        except OSError:
            continue
    rules = "".join(f"{chance.choice(RULES)}\n" for _ in range(chance.randint(0, 6)))
    (tmp_path / ".dockerignore").write_text(rules)
    dockerfile = "FROM scratch\n" + "\n".join(chance.sample(COPIES, chance.choice((1, 1, 2))))
    before = scene(tmp_path, dockerfile)
    hints = findings(before)

    new, _ = after(tmp_path, dockerfile)

    then = scene(tmp_path, dockerfile)
    needed = {entry.path for entry in then.needs.entries}
    assert needed - {entry.path for entry in before.needs.entries} == set(), (rules, new)
    assert {entry.path for entry in guarded(before, hints)} - needed == set(), (rules, new)
    assert proposed(new, findings(then)).split("\n") == new.split("\n")
