"""Give notes an author."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the notes that are there have none."""
    op.add_column("notes", sa.Column("author", sa.Text(), server_default="", nullable=False))
    with op.get_context().autocommit_block():
        op.create_index("ix_notes_author", "notes", ["author"], postgresql_concurrently=True)


def downgrade() -> None:
    """Take it away."""
    op.drop_column("notes", "author")
