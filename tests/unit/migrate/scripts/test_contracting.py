"""What a revision takes away from older code, as far as its text shows it."""

from __future__ import annotations

import pytest

from buildkit.migrate.scripts.contracting import taken_away

FORM = '''
from alembic import op

def upgrade():
    """Drop nothing here."""
    {body}

def downgrade():
    op.drop_table("t")
'''


def of(body: str) -> tuple[str, ...]:
    return taken_away(FORM.format(body=body).encode())


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ('op.drop_column("users", "name")', "drops column users.name"),
        ('op.drop_table("users")', "drops table users"),
        ('batch.drop_column("name")', "drops column name"),
        ('op.rename_table("a", "b")', "renames table a.b"),
        ('op.alter_column("t", "a", new_column_name="b")', "renames column t.a"),
        ('op.alter_column("t", "a", type_=sa.Integer())', "changes the type of column t.a"),
        ('op.alter_column("t", "a", nullable=False)', "lets column t.a be empty no more"),
        (
            'op.add_column("t", sa.Column("a", sa.Text(), nullable=False))',
            "adds column t that older code leaves empty",
        ),
        ('op.execute("ALTER TABLE t DROP COLUMN a")', "runs DROP COLUMN"),
        ('op.execute("alter table t rename a to b")', "runs RENAME A TO"),
        ('op.execute(sa.text("ALTER TABLE t ALTER COLUMN a TYPE integer"))', "runs ALTER COLUMN A TYPE"),
        ('op.execute("ALTER TABLE t ALTER a SET NOT NULL")', "runs SET NOT NULL"),
    ],
)
def test_what_older_code_may_use_is_named(body: str, taken: str) -> None:
    assert of(body) == (taken,)


@pytest.mark.parametrize(
    "body",
    [
        'op.create_table("t", sa.Column("a", sa.Text(), nullable=False))',
        'op.add_column("t", sa.Column("a", sa.Text(), nullable=True))',
        'op.add_column("t", sa.Column("a", sa.Text(), nullable=False, server_default="x"))',
        'op.add_column("t", sa.Column("a", sa.BigInteger(), sa.Identity(), nullable=False))',
        'op.alter_column("t", "a", nullable=True)',
        'op.drop_index("ix")',
        'op.drop_constraint("ck", "t")',
        'op.execute("INSERT INTO t VALUES (1)")',
    ],
)
def test_what_only_gives_is_no_contraction(body: str) -> None:
    assert of(body) == ()


def test_a_file_that_is_no_python_is_told_elsewhere() -> None:
    assert taken_away(b"def upgrade(: drop") == ()
