"""What an image says of its migrations and its data, from the project's files alone."""

from __future__ import annotations

from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.flows.image_inputs import contract_of

REVISION = 'revision = "{id}"\ndown_revision = {before}\n\ndef upgrade():\n    {body}\n'
ENV = "from alembic import context\n"


def labels(project: ProjectMaker, settings: str = "", **revisions: str) -> dict[str, str]:
    files = {f"migrations/versions/{name}.py": text for name, text in revisions.items()}
    root = project(
        {
            "pyproject.toml": f'[project]\nname = "app"\n[tool.buildkit]\n{settings}',
            "src/app/__init__.py": "",
            **({"migrations/env.py": ENV, **files} if revisions else {}),
        }
    )
    return contract_of(load(root, {}))


def test_a_project_without_migrations_and_data_says_nothing(project: ProjectMaker) -> None:
    assert labels(project) == {}


def test_the_revisions_are_named_in_order_with_those_that_take_away(project: ProjectMaker) -> None:
    found = labels(
        project,
        '[tool.buildkit.migrate]\nahead = "serve"\n',
        a=REVISION.format(id="b2", before='"a1"', body='op.drop_column("t", "c")'),
        b=REVISION.format(id="a1", before="None", body='op.create_table("t")'),
        c=REVISION.format(id="c3", before='"b2"', body='op.drop_index("ix")'),
    )

    assert found == {
        "invoke-buildkit.head": "c3",
        "invoke-buildkit.revisions": "a1 b2 c3",
        "invoke-buildkit.contracting": "b2",
        "invoke-buildkit.ahead": "serve",
    }


def test_two_heads_are_told_elsewhere(project: ProjectMaker) -> None:
    two = {name: REVISION.format(id=name, before="None", body="pass") for name in ("a1", "b2")}

    assert labels(project, **two) == {}


def test_another_stage_of_the_data_makes_another_label(project: ProjectMaker) -> None:
    stage = '[[tool.buildkit.data.stage]]\nname = "{}"\nrun = ["make"]\noutputs = ["{}.txt"]\n'

    one = labels(project, stage.format("read", "read"))
    two = labels(project, stage.format("read", "read") + stage.format("publish", "publish"))

    assert one.keys() == two.keys() == {"invoke-buildkit.data"}
    assert one != two
