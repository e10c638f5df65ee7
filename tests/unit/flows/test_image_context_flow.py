"""`invoke image.context`: what is sent, why, and better rules that take nothing from any image."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildkit.config import load
from buildkit.core.sizes import in_words
from buildkit.errors import BudgetError, ConfigurationError, ImageError
from buildkit.flows.image_context import explain_context, lines
from buildkit.image import sent
from buildkit.model import Report
from buildkit.report.console import Console, as_json

ProjectMaker = Callable[[Mapping[str, str]], Path]

SETTINGS = '[project]\nname = "x"\nversion = "1"\n[tool.buildkit.image.api]\ndockerfile = "Dockerfile"\n'
FILES = {
    "pyproject.toml": SETTINGS,
    "Dockerfile": "FROM scratch\nCOPY app /app\n",
    ".dockerignore": "# ours\nlogs\n__pycache__\n",
    "app/main.py": "x = 1\n",
    "app/__pycache__/main.pyc": "12345",
    "models/weights": "w" * 2000,
    "logs/a/b": "l" * 3000,
    "logs/c": "l" * 300,
}


def look(root: Path, **given: Any) -> tuple[Report, dict[str, Any]]:
    talk = io.StringIO()
    report = explain_context(load(root, {}, {}), Console({}, talk=talk), {}, **given)
    facts: Any = report.facts["contexts"]
    return report, facts


def test_three_numbers_and_the_rule_of_each_folder(project: ProjectMaker) -> None:
    root = project(FILES)
    (root / ".buildkit/image").mkdir(parents=True)
    sent.write(sent.place(root / ".buildkit", "api"), 3400)

    report, facts = look(root)

    about = facts["api"]
    assert about["needed"] == {"files": 2, "bytes": 11, "unknown": []}
    assert about["eligible"]["files"] == 6
    assert about["eligible"]["bytes"] == sum(
        (root / name).stat().st_size for name in FILES if not name.startswith("logs/")
    )
    assert about["sent"] == {"bytes": 3400}
    rows = {row["path"]: row for row in about["folders"]}
    assert rows["logs"] == {
        "path": "logs",
        "kept": False,
        "files": 2,
        "bytes": 3300,
        "places": 1,
        "rule": ".dockerignore:2  logs",
    }
    assert (rows["models"]["kept"], rows["models"]["bytes"], rows["models"]["rule"]) == (True, 2000, "")
    assert [each["code"] for each in about["findings"]] == ["anchored", "not-taken"]
    text = "\n".join(lines(report))
    assert "image api: within budget" in text
    assert "needed by COPY          11 B in 2 files" in text
    assert "sent by the last build  3.4 kB" in text
    assert re.search(r"3\.3 kB +2 +out +logs +\.dockerignore:2  logs\n", text), text
    assert as_json(report)["counts"] == {"within budget": 1}


def test_rules_of_the_suite_are_called_so(project: ProjectMaker) -> None:
    settings = '[project]\nname = "x"\nversion = "1"\n[tool.buildkit.image.api]\ncommand = ["true"]\n'
    root = project({**FILES, "pyproject.toml": settings, ".venv/pyvenv.cfg": "1" * 50, "data/x": "1" * 60})
    rules = {row["path"]: row["rule"] for row in look(root)[1]["api"]["folders"]}
    assert rules[".venv"] == "the suite  **/.venv"
    assert rules["data"] == "the suite  data"
    assert rules["logs"] == ".dockerignore:2  logs"


def test_a_context_over_its_budget_is_shown_whole_and_refused(project: ProjectMaker) -> None:
    root = project({**FILES, "pyproject.toml": f'{SETTINGS}context-budget = "1kB"\n'})
    with pytest.raises(BudgetError, match=r"image api has 2\.\d+ kB, the budget is 1 kB") as caught:
        look(root)
    assert caught.value.exit_code == 22
    assert "--write" in caught.value.hint
    assert caught.value.report is not None
    assert any("models" in line for line in lines(caught.value.report))


def test_what_is_written_is_kept_before_and_not_written_twice(project: ProjectMaker) -> None:
    root = project(FILES)
    look(root, write=True, dry_run=True)
    assert (root / ".dockerignore").read_text() == FILES[".dockerignore"]

    _, facts = look(root, write=True)

    written = (root / ".dockerignore").read_text()
    assert written == (
        "# ours\nlogs\n**/__pycache__\n\n# what no build of an image needs\n/models\n/.dockerignore.original*\n"
    )
    assert (root / ".dockerignore.original").read_text() == FILES[".dockerignore"]
    assert facts["api"]["findings"] == []
    assert facts["api"]["needed"]["files"] == 1

    look(root, write=True)
    assert (root / ".dockerignore").read_text() == written
    assert not (root / ".dockerignore.original.2").exists()

    (root / ".dockerignore").write_text("logs\n__pycache__\n")
    look(root, write=True)
    assert (root / ".dockerignore.original").read_text() == FILES[".dockerignore"]
    assert (root / ".dockerignore.original.2").read_text() == "logs\n__pycache__\n"


def test_a_file_is_written_where_there_was_none(project: ProjectMaker) -> None:
    root = project({name: text for name, text in FILES.items() if name != ".dockerignore"})
    look(root, write=True)
    assert (root / ".dockerignore").read_text() == (
        "# what no build of an image needs\n/logs\n/models\n**/__pycache__\n"
    )
    assert not (root / ".dockerignore.original").exists()


def test_another_image_with_the_same_rules_keeps_what_it_takes(project: ProjectMaker) -> None:
    settings = f'{SETTINGS}[tool.buildkit.image.worker]\ndockerfile = "worker.Dockerfile"\n'
    root = project({**FILES, "pyproject.toml": settings, "worker.Dockerfile": "FROM scratch\nCOPY models /m\n"})
    look(root, names=["api"], write=True)
    text = (root / ".dockerignore").read_text()
    assert "\n# /models\n" in text
    assert "image worker takes it" in text
    assert look(root, names=["worker"])[1]["worker"]["needed"]["files"] == 1


def test_what_is_not_known_is_said_and_nothing_is_kept_out(project: ProjectMaker) -> None:
    root = project({**FILES, "Dockerfile": "FROM python\nCOPY app $MORE /\n", "env/pyvenv.cfg": ""})
    report, facts = look(root)
    assert facts["api"]["needed"]["unknown"] == ["COPY app $MORE /"]
    assert "and what is not known: COPY app $MORE /" in "\n".join(lines(report))
    look(root, write=True)
    text = (root / ".dockerignore").read_text()
    assert "\n/env" not in text
    assert "__pycache__\n" in text


def test_rules_that_the_builder_refuses_and_files_that_cannot_be_read_are_refused(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({**FILES, ".dockerignore": "[a"})
    with pytest.raises(ConfigurationError, match=r"\.dockerignore:1"):
        look(root)

    def refuse(file: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(file))

    settings = load(root, {}, {})
    monkeypatch.setattr("buildkit.image.context.reading.read_text", refuse)
    with pytest.raises(ImageError, match="cannot be read: Permission denied"):
        explain_context(settings, Console({}), {})


def test_a_link_out_of_the_project_is_not_written_through(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(FILES)
    (root / ".dockerignore").rename(tmp_path / "shared")
    (root / ".dockerignore").symlink_to(tmp_path / "shared")
    with pytest.raises(ImageError, match="outside of the project"):
        look(root, write=True)
    assert (tmp_path / "shared").read_text() == FILES[".dockerignore"]


def test_names_that_are_no_text_are_listed(project: ProjectMaker) -> None:
    root = project(FILES)
    (root / os.fsdecode(b"\xff")).mkdir()
    (root / os.fsdecode(b"\xff") / "a").write_text("1")
    report, _ = look(root)
    assert lines(report)


def test_a_large_tree_is_judged_at_once_and_comes_under_its_budget(project: ProjectMaker) -> None:
    """As large as the tree that the project was made for; its files are empty on the disk."""
    root = project({**FILES, ".venv/pyvenv.cfg": "", "requirements.txt": ""})
    for folder, count, size in (
        (".venv/lib", 10_000, 840_000),
        ("artifacts", 200, 27_000_000),
        ("web", 1_000, 1_100_000),
    ):
        for number in range(count):
            file = root / folder / f"p{number % 50}" / f"f{number}"
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT))
            os.truncate(file, size)
    with pytest.raises(BudgetError, match=r"14\.9 GB"):
        look(root)

    def walk() -> float:
        begun = time.perf_counter()
        for folder, _, names in os.walk(root):
            for name in names:
                os.lstat(f"{folder}/{name}")
        return time.perf_counter() - begun

    report, facts = look(root, write=True)

    begun = time.perf_counter()
    look(root)
    took = time.perf_counter() - begun
    assert facts["api"]["eligible"]["bytes"] < 10**9
    assert report.outcomes[0].result == "within budget", in_words(facts["api"]["eligible"]["bytes"])
    assert took < 0.2 + 12 * walk(), took
