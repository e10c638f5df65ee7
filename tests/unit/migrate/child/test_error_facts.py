"""Differences between models and database in words, and where a module that is not found would be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from buildkit.migrate.child.error_facts import described, hint
from buildkit.migrate.settings import MigrationSettings

META = sa.MetaData()
USER = sa.Table("user", META, sa.Column("id", sa.Integer, primary_key=True))
ITEM = sa.Table(
    "item",
    META,
    sa.Column("id", sa.Uuid),
    sa.Column("owner_id", sa.Integer),
    sa.ForeignKeyConstraint(["owner_id"], ["user.id"]),
    sa.UniqueConstraint("id", "owner_id", name="uq"),
    sa.Index("ix", "owner_id"),
)


def constraint(kind: type[sa.Constraint]) -> sa.Constraint:
    return next(each for each in ITEM.constraints if isinstance(each, kind))


def test_each_kind_of_difference_is_named_by_what_it_is() -> None:
    assert described(("add_table", USER)) == "add table user"
    assert described(("add_column", None, "item", ITEM.c.owner_id)) == "add column item.owner_id"
    assert described(("add_fk", constraint(sa.ForeignKeyConstraint))) == "add fk item (owner_id) → user.id"
    assert described(("add_constraint", constraint(sa.UniqueConstraint))) == "add constraint item.uq (id, owner_id)"
    assert described(("remove_index", next(iter(ITEM.indexes)))) == "remove index item.ix (owner_id)"


def test_types_are_those_of_postgresql() -> None:
    of_type: Any = ("modify_type", None, "item", "id", {}, sa.Integer(), sa.Uuid())
    assert described([of_type]) == "modify type item.id: INTEGER → UUID"
    of_null: Any = ("modify_nullable", "other", "item", "id", {}, True, False)
    assert described([of_null]) == "modify nullable other.item.id: True → False"


def test_a_package_that_alembic_does_not_see_is_named_with_the_place_to_write_that(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    error = ModuleNotFoundError("No module named 'app'", name="app")
    settings = MigrationSettings(tmp_path, tmp_path / "migrations")
    assert hint(error, replace(settings, ini=tmp_path / "alembic.ini")).endswith(
        "write into [alembic] of alembic.ini\nprepend_sys_path = ."
    )
    assert hint(error, settings).endswith('write into [tool.alembic] of pyproject.toml\nprepend_sys_path = ["."]')
