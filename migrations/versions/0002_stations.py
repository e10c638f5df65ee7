"""Create the table of stations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it, empty: degrees, and km above the ellipsoid."""
    op.create_table(
        "stations",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(53), nullable=False),
        sa.Column("longitude", sa.Float(53), nullable=False),
        sa.Column("altitude", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_stations"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="ck_stations_latitude"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="ck_stations_longitude"),
    )


def downgrade() -> None:
    """Drop it; the observations keep their codes."""
    op.drop_table("stations")
