"""How well satellites are seen: sums over passes."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from orbits.documents import Document


@dataclass
class Coverage:
    """Sums over passes.

    Attributes:
        passes: How many.
        total_seconds: Sum of their durations.
        longest_seconds: Greatest duration.
        highest_elevation: Greatest culmination in degrees, None without passes.
    """

    passes: int = 0
    total_seconds: float = 0.0
    longest_seconds: float = 0.0
    highest_elevation: float | None = None

    def add(self, duration: float, elevation: float) -> None:
        """Count one pass: its duration (s), its culmination (degrees)."""
        self.passes += 1
        self.total_seconds += duration
        self.longest_seconds = max(self.longest_seconds, duration)
        if self.highest_elevation is None or elevation > self.highest_elevation:
            self.highest_elevation = elevation

    def to_document(self) -> Document:
        """Return the sums and the mean duration as JSON, rounded to milliseconds."""
        mean = self.total_seconds / self.passes if self.passes else None
        document: Document = {
            key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()
        }
        document["mean_seconds"] = None if mean is None else round(mean, 3)
        return document


def coverage_by(key: str, passes: Iterable[Document]) -> dict[str, Document]:
    """Return the coverage for each value that passes have under a key."""
    sums: dict[str, Coverage] = {}
    for item in passes:
        duration = float(item["set_seconds"]) - float(item["rise_seconds"])
        coverage = sums.setdefault(str(item[key]), Coverage())
        coverage.add(duration, float(item["culmination_elevation"]))
    return {value: coverage.to_document() for value, coverage in sums.items()}
