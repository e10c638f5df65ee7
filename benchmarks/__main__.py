"""`python -m benchmarks`: lists the benchmarks, runs one or all, keeps the results, compares two of them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the benchmarks are programs, which import their neighbours by name

import runner

if __name__ == "__main__":
    sys.exit(runner.main(sys.argv[1:]))
