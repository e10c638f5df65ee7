"""Which lock counts, what of it is for the project, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.dependencies.installation import files, mounted
from buildkit.dependencies.selection import Choice, Selection, select
from buildkit.errors import ConfigurationError

ProjectMaker = Callable[[Mapping[str, str]], Path]

LOCKED = Path(__file__).parents[2] / "projects" / "locked"
PROJECT = '[project]\nname = "service"\ndependencies = ["alpha>=1", "beta"]\n'
COMMIT = "a" * 40


def chosen(root: Path, **given: object) -> Selection:
    return select(root, root, Choice(**given), {}, list)  # type: ignore[arg-type] # what a test names


def lines(selection: Selection) -> list[str]:
    return files(selection.locked).requirements.splitlines()


def uv(*packages: str, needs: str = '{ name = "alpha" }', source: str = '{ virtual = "." }') -> str:
    own = f'[[package]]\nname = "service"\nversion = "1"\nsource = {source}\ndependencies = [{needs}]\n'
    return "\n".join(("version = 1", 'requires-python = ">=3.10"', *packages, own))


def package(name: str, source: str, more: str = "") -> str:
    return f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {source}\n{more}\n'


REGISTRY = '{ registry = "https://index.example.invalid/simple" }'
ALPHA = '[project]\nname = "service"\ndependencies = ["alpha"]\n'


# ------------------------------------------------------------------ which lock


def test_without_a_lock_the_declared_ranges_are_looked_for(project: ProjectMaker) -> None:
    text = PROJECT.replace('"beta"', "\"beta ; python_version < '3.12' and sys_platform == 'linux'\"")
    selection = chosen(project({"pyproject.toml": text}))

    assert lines(selection) == ["alpha>=1", 'beta ; python_version < "3.12"']
    assert (selection.file, files(selection.locked).options) == (None, "")


def test_poetrys_table_is_enough(project: ProjectMaker) -> None:
    text = '[tool.poetry]\nname = "service"\n[tool.poetry.dependencies]\npython = "^3.10"\nalpha = "^1.2"\n'
    assert lines(chosen(project({"pyproject.toml": text}))) == ["alpha<2,>=1.2"]


def test_alternatives_need_a_lock(project: ProjectMaker) -> None:
    text = '[tool.poetry]\nname = "service"\n[tool.poetry.dependencies]\nalpha = "^1.2 || ^3"\n'
    with pytest.raises(ConfigurationError, match="an installer cannot be told of alternatives"):
        chosen(project({"pyproject.toml": text}))


def test_ranges_in_a_requirements_file_are_no_lock(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": PROJECT, "requirements.txt": "sphinx\n"})

    selection = chosen(root)

    assert lines(selection) == ["alpha>=1", "beta"]
    assert selection.passed == ("requirements.txt: it fixes no versions; to install it all the same, name it as lock",)


def test_locks_that_say_the_same_are_one(tmp_path: Path) -> None:
    shutil.copytree(LOCKED / "uv", tmp_path / "both")
    shutil.copy(LOCKED / "requirements" / "requirements.txt", tmp_path / "both")

    selection = chosen(tmp_path / "both")

    assert selection.file is not None
    assert selection.file.name == "uv.lock"
    assert selection.passed == ("requirements.txt: uv.lock says the same",)


def test_locks_that_differ_are_refused_until_one_is_chosen(tmp_path: Path) -> None:
    root = tmp_path / "both"
    shutil.copytree(LOCKED / "uv", root)
    text = (LOCKED / "requirements" / "requirements.txt").read_text()
    (root / "requirements.txt").write_text(text.replace("beta==2.0", "beta==1.0"))

    with pytest.raises(ConfigurationError) as refused:
        chosen(root)

    assert refused.value.message == "uv.lock and requirements.txt fix other versions"
    assert refused.value.details == ("beta: 2.0 and 1.0",)
    assert 'lock = "uv.lock"' in refused.value.hint
    assert any(line.startswith("beta==2.0") for line in lines(chosen(root, lock="uv.lock")))
    assert any(line.startswith("beta==1.0") for line in lines(chosen(root, lock="requirements.txt")))


def test_a_workspace_has_one_lock_for_its_members(project: ProjectMaker) -> None:
    lock = uv(package("alpha", REGISTRY), source='{ editable = "services/api" }')
    root = project({"uv.lock": lock, "services/api/pyproject.toml": ALPHA, "services/other/pyproject.toml": PROJECT})

    found = select(root / "services/api", root, Choice(), {}, list)
    other = select(root / "services/other", root, Choice(), {}, list)

    assert (found.file, lines(found)) == (root / "uv.lock", ["alpha==1.0"])
    assert other.file is None, "that lock is not its own"


@pytest.mark.parametrize(
    ("lock", "said"), [("package.json", "package.json is no lock file that is known"), ("uv.lock", "No such file")]
)
def test_a_lock_that_is_none_is_said(project: ProjectMaker, lock: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        chosen(project({"pyproject.toml": PROJECT}), lock=lock)


# ------------------------------------------------------------------ what is left to the build backend


def test_the_backend_is_asked_for_what_only_it_knows(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": '[project]\nname = "service"\ndynamic = ["dependencies"]\n'})
    asked = ["alpha>=1", 'delta ; extra == "quick"', 'gamma ; python_version < "3.12" and extra == "quick"']

    selection = select(root, root, Choice(("quick",)), {}, lambda: asked)

    assert lines(selection) == ["alpha>=1", "delta", 'gamma ; python_version < "3.12"']


def test_poetrys_table_answers_for_what_the_project_table_leaves_open(project: ProjectMaker) -> None:
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.poetry.dependencies]\nalpha = "^1"\n'
    root = project({"pyproject.toml": text})

    def never() -> list[str]:
        raise AssertionError

    assert lines(select(root, root, Choice(), {}, never)) == ["alpha<2,>=1"]


# ------------------------------------------------------------------ where packages come from


def test_a_repository_is_installed_by_its_commit_and_beside_what_has_hashes(project: ProjectMaker) -> None:
    git = f'{{ git = "https://example.org/beta.git?rev=main&subdirectory=py#{COMMIT}" }}'
    wheels = f'wheels = [{{ url = "https://example.org/a.whl", hash = "sha256:{"0" * 64}" }}]'
    lock = uv(
        package("alpha", REGISTRY, f'{wheels}\ndependencies = [{{ name = "beta" }}]'),
        package("beta", git),
    )
    made = files(chosen(project({"pyproject.toml": ALPHA, "uv.lock": lock})).locked)

    assert made.requirements == f"--require-hashes\nalpha==1.0 --hash=sha256:{'0' * 64}\n"
    assert made.unhashed == f"beta @ git+https://example.org/beta.git@{COMMIT}#subdirectory=py\n"


def test_a_member_of_the_workspace_is_never_dropped(project: ProjectMaker) -> None:
    lock = uv(package("alpha", '{ editable = "packages/alpha" }'))
    with pytest.raises(ConfigurationError, match="alpha comes from the folder packages/alpha"):
        lines(chosen(project({"pyproject.toml": ALPHA, "uv.lock": lock})))


def test_a_member_is_built_from_its_folder_where_that_can_be(project: ProjectMaker) -> None:
    lock = uv(
        package("alpha", '{ editable = "packages/alpha" }', 'dependencies = [{ name = "beta" }]'),
        package("beta", REGISTRY),
        needs='{ name = "alpha", marker = "python_version < \'3.12\'" }',
    )
    text = ALPHA.replace('["alpha"]', "[\"alpha ; python_version < '3.12'\"]")
    locked = chosen(project({"pyproject.toml": text, "uv.lock": lock})).locked

    made = files(locked, {"alpha": "packages/alpha"})

    assert made.requirements == 'beta==1.0 ; python_version < "3.12"\n'
    assert made.folders == 'alpha @ file:///checkout/packages/alpha ; python_version < "3.12"\n'
    assert mounted(made.folders) == ["packages/alpha"]


def test_without_hashes_several_indexes_are_refused(project: ProjectMaker) -> None:
    other = '{ registry = "https://other.example.invalid/simple" }'
    lock = uv(package("alpha", REGISTRY, 'dependencies = [{ name = "beta" }]'), package("beta", other))
    with pytest.raises(ConfigurationError, match="alpha has no hash, so of several indexes chance would say"):
        lines(chosen(project({"pyproject.toml": ALPHA, "uv.lock": lock})))


def test_extras_that_exclude_each_other_are_told_apart(project: ProjectMaker) -> None:
    needs = (
        '{ name = "alpha", marker = "extra == \'extra-7-service-cpu\'" },'
        '{ name = "beta", marker = "extra == \'extra-7-service-gpu\'" }'
    )
    lock = (
        uv(
            package("alpha", REGISTRY),
            package("beta", REGISTRY),
            needs="",
        )
        + f"\n[package.optional-dependencies]\ncpu = [{needs}]\ngpu = [{needs}]\n"
    )
    text = '[project]\nname = "service"\n[project.optional-dependencies]\ncpu = ["alpha"]\ngpu = ["beta"]\n'
    root = project({"pyproject.toml": text, "uv.lock": lock})

    assert lines(chosen(root, extras=("cpu",))) == ["alpha==1.0"]
    assert lines(chosen(root, extras=("gpu",))) == ["beta==1.0"]


# ------------------------------------------------------------------ harm


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("uv.lock", "version = ", "not valid TOML"),
        ("uv.lock", "version = 2", "version is 2, and this version of buildkit knows 1"),
        ("uv.lock", 'version = 1\npackage = "x"', "package is str, not list"),
        ("uv.lock", "version = 1", "the project service is not in it"),
        ("uv.lock", uv(), "it lacks alpha, which the project declares"),
        (
            "uv.lock",
            uv(package("alpha", REGISTRY, 'dependencies = [{ name = "x" }]')),
            "it lacks x, which alpha requires",
        ),
        ("uv.lock", uv(needs='{ name = "alpha", marker = "x ==" }'), 'marker "x =="'),
        ("poetry.lock", '[metadata]\nlock-version = "3.0"', "lock-version is 3.0"),
        ("poetry.lock", '[metadata]\nlock-version = "x"', "no version"),
        ("pdm.lock", '[metadata]\nlock_version = "5"', "lock_version is 5"),
        ("pylock.toml", 'lock-version = "1.0"', "created-by"),
        ("pylock.toml", 'lock-version = "2.0"\ncreated-by = "x"\npackages = []', "2.0"),
    ],
)
def test_a_lock_that_is_damaged_or_too_new_is_refused(project: ProjectMaker, name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        chosen(project({"pyproject.toml": ALPHA, name: text}))

    assert said in refused.value.message
    assert name in refused.value.message
    assert name.partition(".")[0].removesuffix("lock") in refused.value.hint
