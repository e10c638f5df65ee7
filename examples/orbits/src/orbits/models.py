"""The tables: stations, and observations made at them.

The revisions under migrations/versions lead a database to exactly this state.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all tables; every constraint gets a name that can be foretold."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class StationRow(Base):
    """A ground station: degrees, and km above the ellipsoid."""

    __tablename__ = "stations"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    latitude: Mapped[float] = mapped_column(Float(53))
    longitude: Mapped[float] = mapped_column(Float(53))
    altitude: Mapped[float] = mapped_column(Float(53))


class ObservationRow(Base):
    """One look at one satellite: degrees, and km if the range was measured."""

    __tablename__ = "observations"
    __table_args__ = (
        CheckConstraint("azimuth >= 0 AND azimuth < 360", name="azimuth"),
        CheckConstraint("elevation BETWEEN -90 AND 90", name="elevation"),
        CheckConstraint("distance > 0", name="distance"),
        Index(None, "satellite", "observed_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    satellite: Mapped[int] = mapped_column(BigInteger)
    station: Mapped[str] = mapped_column(Text, ForeignKey("stations.code"))
    observed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    azimuth: Mapped[float] = mapped_column(Float(53))
    elevation: Mapped[float] = mapped_column(Float(53))
    distance: Mapped[float | None] = mapped_column(Float(53))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
