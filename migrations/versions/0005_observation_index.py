"""Index observations by satellite and time, without stopping writes.

CREATE INDEX CONCURRENTLY cannot run in a transaction. If it is interrupted it
leaves an invalid index behind, so each try begins by dropping what is there.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = "ix_observations_satellite_observed_at"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "observations", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            INDEX,
            "observations",
            ["satellite", "observed_at"],
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Drop the index."""
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "observations", postgresql_concurrently=True, if_exists=True)
