"""Tie observations to stations, and give them a distance.

All in one transaction: if an observation names a station that is not in the
table, the foreign key is refused and nothing changes. Writers wait while the
rows are checked, which for a table of hand-made observations is a moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_observations_station"


def upgrade() -> None:
    """Add the column, its check and the foreign key."""
    op.add_column("observations", sa.Column("distance", sa.Float(53), nullable=True))
    op.create_check_constraint("ck_observations_distance", "observations", "distance > 0")
    op.create_foreign_key(FOREIGN_KEY, "observations", "stations", ["station"], ["code"])


def downgrade() -> None:
    """Drop all three; measured distances are lost."""
    op.drop_constraint(FOREIGN_KEY, "observations", type_="foreignkey")
    op.drop_constraint("ck_observations_distance", "observations", type_="check")
    op.drop_column("observations", "distance")
