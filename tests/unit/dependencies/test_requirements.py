"""requirements.txt is read as pip reads it, and what an image cannot follow is refused by its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.dependencies.installation import files
from buildkit.dependencies.selection import Choice, Selection, select
from buildkit.errors import ConfigurationError

ProjectMaker = Callable[[Mapping[str, str]], Path]

PROJECT = '[project]\nname = "service"\ndependencies = ["alpha"]\n'
DIGEST = "0" * 64
COMMIT = "a" * 40


def read(root: Path, lock: str = "requirements.txt", **variables: str) -> Selection:
    return select(root, root, Choice(lock=lock), variables, list)


def lines(selection: Selection) -> list[str]:
    return files(selection.locked).requirements.splitlines()


def test_other_files_comments_and_continued_lines(project: ProjectMaker) -> None:
    root = project(
        {
            "pyproject.toml": PROJECT,
            "requirements.txt": "-r more/base.txt  # the rest\nalpha==1.1 ; python_version < '3.12' \\\n    # why\n",
            "more/base.txt": "--requirement=deeper.txt\nBeta_x[Fast] == 2.0\n",
            "more/deeper.txt": "gamma===1.0\n",
        }
    )

    selection = read(root)

    assert lines(selection) == ['alpha==1.1 ; python_version < "3.12"', "beta-x[fast]==2.0", "gamma==1.0"]
    assert files(selection.locked).options == "", "pip looks for what they need"


def test_hashes_in_every_way_of_writing(project: ProjectMaker) -> None:
    beta = f"beta==2.0 \\\n  --hash=sha512:{DIGEST} \\\n --hash=md5:1\n"
    text = f"--require-hashes\nalpha==1.1 --hash sha256:{DIGEST}\n{beta}"
    found = lines(read(project({"pyproject.toml": PROJECT, "requirements.txt": text})))

    assert found == ["--require-hashes", f"alpha==1.1 --hash=sha256:{DIGEST}", f"beta==2.0 --hash=sha512:{DIGEST}"]


def test_one_package_without_a_hash_among_others_is_refused_as_pip_would(project: ProjectMaker) -> None:
    text = f"alpha==1.1 --hash sha256:{DIGEST}\nbeta==2.0\n"
    with pytest.raises(ConfigurationError, match="beta has no hash, others do"):
        lines(read(project({"pyproject.toml": PROJECT, "requirements.txt": text})))


def test_constraints_bound_what_is_looked_for(project: ProjectMaker) -> None:
    root = project(
        {"pyproject.toml": PROJECT, "requirements.txt": "-c limits.txt\nalpha\n", "limits.txt": "beta<2\nalpha==1.1\n"}
    )

    made = files(read(root).locked)

    assert made.requirements == "alpha==1.1\n"
    assert made.constraints == "alpha==1.1\nbeta<2\n"


def test_indexes_are_taken_over_with_variables_and_not_shown(project: ProjectMaker) -> None:
    text = "--extra-index-url https://${USER}:${TOKEN}@more.example.org/simple\n-i https://main.example.org/simple\nalpha==1\n"
    selection = read(project({"pyproject.toml": PROJECT, "requirements.txt": text}), USER="me", TOKEN="s3cret")

    assert selection.locked.indexes == ("https://main.example.org/simple", "https://me:s3cret@more.example.org/simple")
    assert "s3cret" not in repr(selection)


def test_repositories_and_files_by_address(project: ProjectMaker) -> None:
    text = (
        f"alpha @ git+https://example.org/alpha.git@{COMMIT}#subdirectory=python\n"
        f"https://example.org/beta-1.0-py3-none-any.whl#sha256={DIGEST}\n"
    )
    root = project({"pyproject.toml": PROJECT, "requirements.txt": text})

    with pytest.raises(ConfigurationError, match="alpha has no hash, others do"):
        lines(read(root))

    (root / "requirements.txt").write_text(text.replace(f"#sha256={DIGEST}", ""))
    assert lines(read(root)) == [
        f"alpha @ git+https://example.org/alpha.git@{COMMIT}#subdirectory=python",
        "beta @ https://example.org/beta-1.0-py3-none-any.whl",
    ]


def test_the_project_itself_stands_for_what_it_declares(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": PROJECT, "requirements.txt": "-e .\nbeta==2.0\n"})

    assert lines(read(root)) == ["alpha", "beta==2.0"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-e ./lib", "comes from the folder lib, which the image does not install"),
        ("./wheels/x-1-py3-none-any.whl", "which the image does not install"),
        ("alpha @ git+https://example.org/alpha.git@main", "a repository without a fixed commit"),
        ("git+https://example.org/alpha.git", "a repository needs its package's name in front"),
        ("alpha @ https://me:s3cret@example.org/alpha-1.tar.gz", "the address of alpha holds credentials"),
        ("--find-links wheels", "line 1: the option --find-links is not one that an image follows"),
        ("--pre", "line 1: --pre is not taken over"),
        ("alpha==1 --config-settings a=b", "line 1: the option --config-settings of a requirement"),
        ("-r https://example.org/more.txt", "line 1: -r of an address is not followed"),
        ("-r ../more.txt", "it names ../more.txt, which lies outside of"),
        ("-r nowhere.txt", "nowhere.txt: No such file or directory"),
        ("-r requirements.txt", "it names more than 100 files, or one of them itself"),
        ("alpha=1", 'line 1: requirement "alpha=1"'),
        ("-r 'x", "line 1: No closing quotation"),
    ],
)
def test_what_an_image_cannot_follow_is_refused(project: ProjectMaker, line: str, said: str) -> None:
    root = project({"pyproject.toml": PROJECT, "requirements.txt": f"{line}\nalpha\n"})

    with pytest.raises(ConfigurationError) as refused:
        lines(read(root))

    assert said in refused.value.message
    assert "s3cret" not in refused.value.message
    assert refused.value.hint
