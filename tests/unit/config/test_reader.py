from __future__ import annotations

from pathlib import Path

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import Config, load
from buildkit.errors import ConfigurationError

APP = {"src/app/__init__.py": ""}


def with_table(text: str) -> dict[str, str]:
    return {**APP, "pyproject.toml": f"[tool.buildkit]\n{text}"}


def refused(root: Path, **environment: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(root, environment)
    return caught.value


# ------------------------------------------------------------------ which project


def test_a_project_without_settings_has_them_all(project: ProjectMaker) -> None:
    root = project(with_table(""))

    config = load(root, {})

    assert config == Config(root=root, file=root / "pyproject.toml", origins={}, source_root="src")


def test_the_project_is_found_from_a_folder_inside(project: ProjectMaker) -> None:
    root = project({**with_table(""), "src/app/pyproject.toml": "[project]\n"})

    assert load(root / "src/app", {}).root == root


def test_the_source_root_is_the_project_where_there_is_no_src(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "app/__init__.py": ""})

    assert load(root, {}).source == root


def test_without_pyproject_it_says_how_to_make_one(tmp_path: Path) -> None:
    error = refused(tmp_path)

    assert error.message == f"{tmp_path}: no pyproject.toml here or in a folder above"
    assert "[tool.buildkit]" in error.hint


@pytest.mark.parametrize("text", ["", "[project]\nname='x'\n", "[tool]\nbuildkit = 3\n"])
def test_without_our_table_the_nearest_file_is_named(project: ProjectMaker, text: str) -> None:
    root = project({"pyproject.toml": text})

    error = refused(root)

    assert error.message == f"{root}/pyproject.toml: no [tool.buildkit] table"
    assert "[tool.buildkit]" in error.hint


@pytest.mark.parametrize("text", ["tool = 3\n", "[[tool]]\nbuildkit = {}\n"])
def test_a_tool_key_that_is_no_table_is_no_table_of_ours(project: ProjectMaker, text: str) -> None:
    assert "no [tool.buildkit] table" in refused(project({"pyproject.toml": text})).message


def test_bad_toml_is_named_with_its_line(project: ProjectMaker) -> None:
    error = refused(project({"pyproject.toml": "[tool.buildkit]\nbackend = cython\n"}))

    assert "pyproject.toml: not valid TOML: " in error.message
    assert "line 2" in error.message


def test_a_file_that_is_not_utf8_is_not_valid_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.buildkit]\n# caf\xe9\n")

    assert "not valid TOML" in refused(tmp_path).message


# ------------------------------------------------------------------ precedence


def test_default_then_file_then_environment_then_flag(project: ProjectMaker) -> None:
    plain = project(with_table(""))
    assert load(plain, {}).compile.profile == "dev"
    assert load(plain, {}).origins == {}

    root = project(with_table('[tool.buildkit.compile]\nprofile = "dev"\njobs = 3\n'))
    file = load(root, {})
    environment = load(root, {"PYBUILDKIT_COMPILE_JOBS": "4", "PYBUILDKIT_COMPILE_PROFILE": "release"})
    flag = load(root, {"PYBUILDKIT_COMPILE_JOBS": "4"}, {"compile.jobs": "5"})

    assert (file.compile.jobs, file.origins["compile.jobs"]) == (3, "pyproject.toml")
    assert (environment.compile.jobs, environment.origins["compile.jobs"]) == (4, "PYBUILDKIT_COMPILE_JOBS")
    assert environment.compile.profile == "release"
    assert (flag.compile.jobs, flag.origins["compile.jobs"]) == (5, "--jobs")


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("SOURCE_ROOT", "src", lambda config: config.source_root == "src"),
        ("PACKAGES", "app", lambda config: config.packages == ("app",)),
        ("EXCLUDE", "app/a.py,app/b.py", lambda config: config.exclude == ("app/a.py", "app/b.py")),
        ("EXCLUDE", '["app/a,b.py"]', lambda config: config.exclude == ("app/a,b.py",)),
        ("EXCLUDE", "", lambda config: config.exclude == ()),
        (
            "COMPILE_DIRECTIVES",
            '{"wraparound": false}',
            lambda config: config.compile.directives["wraparound"] is False,
        ),
        ("COMPILE_LAUNCHER", '["ccache"]', lambda config: config.compile.launcher == ("ccache",)),
        ("DATA_PATH", "/data", lambda config: config.data.path == "/data"),
        ("DATA_TTL", "2h", lambda config: config.data.ttl == 7200),
        ("MIGRATE_LOCK_WAIT", "0", lambda config: config.migrate.lock_wait == 0),
        ("DEV_PORT", "9000", lambda config: config.dev.port == 9000),
    ],
)
def test_every_setting_has_its_variable(project: ProjectMaker, variable: str, text: str, read: object) -> None:
    config = load(project(with_table("")), {f"PYBUILDKIT_{variable}": text})

    assert callable(read)
    assert read(config)


def test_a_table_of_a_module_or_an_image_has_variables_too(project: ProjectMaker) -> None:
    root = project(with_table('[tool.buildkit.compile.module."app.fast"]\n[tool.buildkit.image.api]\n'))

    config = load(
        root, {"PYBUILDKIT_COMPILE_MODULE_APP_FAST_BACKEND": "none", "PYBUILDKIT_IMAGE_API_SIZE_BUDGET": "1KB"}
    )

    assert config.compile.module["app.fast"].backend == "none"
    assert config.image["api"].size_budget == 1000


def test_variables_that_are_no_settings_are_left_alone(project: ProjectMaker) -> None:
    root = project(with_table(""))

    config = load(root, {"PYBUILDKIT_CACHE_DIR": "/cache", "PYBUILDKIT_COMPILE": "off", "BUILDKIT_PACKAGES": "x"})

    assert config == load(root, {})


# ------------------------------------------------------------------ problems


def test_every_problem_is_named_at_once_with_its_line(project: ProjectMaker) -> None:
    root = project(
        with_table(
            """\
pakages = ["app"]
backend = "cyton"
exclude = 3

[tool.buildkit.compile]
jobs = 0
profil = "dev"

[tool.buildkit.data]
ttl = "week"

[[tool.buildkit.data.stage]]
name = 1
"""
        )
    )

    error = refused(root, PYBUILDKIT_DEV_PORT="ninety")

    cython = 'expected one of "cython", "mypyc", "none", found \'cyton\'; did you mean "cython"?'
    assert error.message == f"{root}/pyproject.toml: 8 settings are wrong"
    assert sorted(error.details) == sorted(
        [
            'pyproject.toml:2: [tool.buildkit] pakages: unknown key; did you mean "packages"?',
            f"pyproject.toml:3: [tool.buildkit] backend: {cython}",
            "pyproject.toml:4: [tool.buildkit] exclude: expected a list of texts, found 3",
            'pyproject.toml:7: [tool.buildkit] compile.jobs: expected "auto" or a number from 1, found 0',
            'pyproject.toml:8: [tool.buildkit] compile.profil: unknown key; did you mean "profile"?',
            'pyproject.toml:11: [tool.buildkit] data.ttl: expected a time such as "7d", "90s" or "2h", found \'week\'',
            "pyproject.toml:14: [tool.buildkit] data.stage.name: expected a text, found 1",
            "PYBUILDKIT_DEV_PORT: expected a whole number, found 'ninety'",
        ]
    )


def test_one_problem_reads_as_one(project: ProjectMaker) -> None:
    root = project(with_table("colour = 1\n"))

    error = refused(root)

    assert error.message.endswith("one setting is wrong")
    assert error.details == ("pyproject.toml:2: [tool.buildkit] colour: unknown key",)


def test_a_key_that_several_tables_have_is_named_in_its_own(project: ProjectMaker) -> None:
    root = project(
        with_table(
            """\
[tool.buildkit.dev]
command = ["serve"]
[tool.other]
command = 1
[tool.buildkit.image.api]
port = 80
command = ["serve"]
[tool.buildkit.image."worker-2"]
command = 7
[[tool.buildkit.data.stage]]
name = "first"
[[tool.buildkit.data.stage]]
outputs = "not a list,but a text"
params = 5
"""
        )
    )

    assert refused(root).details == (
        "pyproject.toml:15: [tool.buildkit] data.stage.params: expected a table, found 5",
        "pyproject.toml:10: [tool.buildkit] image.worker-2.command: expected a list of texts, found 7",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("compile = 3\n", ":2: [tool.buildkit] compile: expected a table"),
        ("compile = false\n", ":2: [tool.buildkit] compile: expected a table"),
        ('store = ""\n', ":2: [tool.buildkit] store: expected a table"),
        ("image = 3\n", ":2: [tool.buildkit] image: expected a table of tables"),
        ("[tool.buildkit.image]\napi = 3\n", ":3: [tool.buildkit] image.api: expected a table"),
        ("[tool.buildkit.data]\nstage = 3\n", ":3: [tool.buildkit] data.stage: expected a list of tables"),
        ("[tool.buildkit.data.stage]\nname = 3\n", ":2: [tool.buildkit] data.stage: expected a list of tables"),
    ],
)
def test_a_value_where_a_table_belongs_is_named(project: ProjectMaker, text: str, problem: str) -> None:
    (found,) = refused(project(with_table(text))).details

    assert found == f"pyproject.toml{problem}"


def test_what_only_makes_sense_together_is_checked(project: ProjectMaker) -> None:
    root = project(
        with_table(
            """\
packages = ["ap", "app.deep"]
project = "elsewhere"
[[tool.buildkit.data.stage]]
name = "read"
run = "app:read"
outputs = ["read/"]
[[tool.buildkit.data.stage]]
name = "read"
run = "app:read"
outputs = ["more/"]
[[tool.buildkit.data.stage]]
inputs = ["stage:raed", "stage:later", "tle/*.txt"]
run = "app:read"
outputs = ["x/"]
[[tool.buildkit.data.stage]]
name = "later"
"""
        )
    )

    details = [line.removeprefix("pyproject.toml: [tool.buildkit] ") for line in refused(root).details]

    assert details == [
        'packages: there is no package or module "ap" under src/; did you mean "app"?',
        'packages: there is no package or module "app.deep" under src/; did you mean "app"?',
        'project: there is no "elsewhere/pyproject.toml"',
        "data.stage read: every stage needs a name of its own",
        "data.stage number 3: every stage needs a name of its own",
        'data.stage number 3: input "stage:raed": no such stage before it; did you mean "read"?',
        'data.stage number 3: input "stage:later": no such stage before it',
        "data.stage later: needs `run` and `outputs`",
    ]


def test_what_pieces_and_their_whole_name_is_checked(project: ProjectMaker) -> None:
    stage = '[[tool.buildkit.data.stage]]\nname = "{0}"\nrun = "app:run"\noutputs = ["{0}/"]\n{1}\n'
    root = project(
        with_table(
            stage.format("plain", 'inputs = ["in/*"]')
            + stage.format("loud", 'each = "in/*"\ncombine = ["loud"]')
            + stage.format("again", 'each = "stage:luod/*.json"')
            + stage.format("never", 'each = "env:HOME"')
            + stage.format("whole", 'combine = ["plain", "lowd", "later"]')
            + stage.format("later", 'each = "stage:loud"\njobs = 0\nmemory = "much"')
        )
    )

    details = [line.partition("[tool.buildkit] ")[2] for line in refused(root).details]

    assert details == [
        'data.stage.jobs: expected "auto" or a number from 1, found 0',
        'data.stage.memory: expected a size such as "1GB" or "500MB", found \'much\'',
    ]

    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace('jobs = 0\nmemory = "much"', 'jobs = 2\nmemory = "1GB"'))
    assert [line.partition("[tool.buildkit] ")[2] for line in refused(root).details] == [
        'data.stage loud: combine "loud": no such stage before it',
        'data.stage again: each "stage:luod/*.json": no such stage before it; did you mean "loud"?',
        'data.stage never: each "env:HOME": a variable has no pieces; name it in `inputs`',
        'data.stage whole: combine "plain": it is not in pieces; write "stage:plain" in `inputs`, or give it `each`',
        'data.stage whole: combine "lowd": no such stage before it; did you mean "loud"?',
        'data.stage whole: combine "later": no such stage before it',
    ]


def test_a_line_break_in_the_path_is_refused(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n"})
    odd = root.rename(root.with_name("line\nbreak"))

    with pytest.raises(ConfigurationError) as caught:
        load(odd, {})

    assert "source-root: no line break in its path" in caught.value.details[0]


def test_a_source_root_that_is_not_there_is_named(project: ProjectMaker) -> None:
    assert refused(project(with_table('source-root = "source"\n'))).details == (
        'pyproject.toml: [tool.buildkit] source-root: there is no folder "source"',
    )


def test_a_package_may_be_a_module_or_lie_in_another(project: ProjectMaker) -> None:
    files = {"src/app/inner/__init__.py": "", "src/app/inner/deep.py": "", "src/single.py": "", "src/quick.pyx": ""}
    names = ["app", "app.inner", "app.inner.deep", "single", "quick"]

    config = load(project({**with_table(f"packages = {names}\n"), **files}), {})

    assert config.packages == tuple(names)
