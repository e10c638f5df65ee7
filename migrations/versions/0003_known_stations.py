"""Fill the table of stations with those of the service.

The rows are written out here and not imported: a revision must do the same
for ever, whatever the service's own list becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATIONS = sa.table(
    "stations",
    sa.column("code", sa.Text()),
    sa.column("name", sa.Text()),
    sa.column("latitude", sa.Float(53)),
    sa.column("longitude", sa.Float(53)),
    sa.column("altitude", sa.Float(53)),
)

COLUMNS = ("code", "name", "latitude", "longitude", "altitude")
ROWS = (
    ("goldstone", "Goldstone, USA", 35.4267, -116.8900, 1.00),
    ("kiruna", "Kiruna, Sweden", 67.8571, 20.9643, 0.40),
    ("kourou", "Kourou, French Guiana", 5.2514, -52.8047, 0.00),
    ("malargue", "Malargüe, Argentina", -35.7760, -69.3982, 1.55),
    ("new-norcia", "New Norcia, Australia", -31.0482, 116.1915, 0.25),
    ("redu", "Redu, Belgium", 50.0019, 5.1461, 0.39),
)


def upgrade() -> None:
    """Insert the rows."""
    op.bulk_insert(STATIONS, [dict(zip(COLUMNS, row, strict=True)) for row in ROWS])


def downgrade() -> None:
    """Delete these rows and no others."""
    codes = [row[0] for row in ROWS]
    op.execute(sa.delete(STATIONS).where(STATIONS.c.code.in_(codes)))
