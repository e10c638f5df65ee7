"""Kills a refresh of eight stages at every call that changes the disk, and counts what the next start sees.

    python tests/integration/data_faults.py kills [--every 1]     SIGKILL at each write, fsync, rename … of one refresh
    python tests/integration/data_faults.py crowd [--kills 100]   20 processes on one volume, the one at work killed
    python tests/integration/data_faults.py full                  a volume with room for 0, 1, 2 … pages (needs root)

Each prints its counts and ends with 1 where a single one is not as it should be. The tests run the same, bounded.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from data_crowd import Crowd, crowd
from data_full import Full, fill_everywhere
from data_kills import Kills, kill_everywhere


def main() -> int:
    """Run one of them in full, and print what it counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "crowd", "full"))
    parser.add_argument("--every", type=int, default=1, help="take one point of so many")
    parser.add_argument("--kills", type=int, default=100, help="of owners at work")
    options = parser.parse_args()

    def runs(place: Path) -> Iterator[Kills | Crowd | Full]:
        if options.what == "kills":
            yield kill_everywhere(place / "warm", every=options.every)
            yield kill_everywhere(place / "cold", cold=True, every=options.every)
        elif options.what == "crowd":
            yield crowd(place / "true", kills=options.kills)
            yield crowd(place / "lying", kills=options.kills // 5, processes=8, lying=True)
        else:
            yield fill_everywhere(place / "pages", every=options.every)
            yield fill_everywhere(place / "files", every=options.every, inodes=True)

    good = True
    with tempfile.TemporaryDirectory(prefix="buildkit-faults-") as folder:
        for name in ("warm", "cold", "true", "lying", "pages", "files"):
            Path(folder, name).mkdir()
        for found in runs(Path(folder)):
            print(found, *found.faults, sep="\n  ", flush=True)
            good = good and not found.faults
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
