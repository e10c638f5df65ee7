"""Create the table of observations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it; the station is a plain code as long as there is no other table."""
    op.create_table(
        "observations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("satellite", sa.BigInteger(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("azimuth", sa.Float(53), nullable=False),
        sa.Column("elevation", sa.Float(53), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
        sa.CheckConstraint("azimuth >= 0 AND azimuth < 360", name="ck_observations_azimuth"),
        sa.CheckConstraint("elevation BETWEEN -90 AND 90", name="ck_observations_elevation"),
    )


def downgrade() -> None:
    """Drop it with all observations."""
    op.drop_table("observations")
