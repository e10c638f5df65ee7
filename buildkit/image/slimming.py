"""The stage of the Dockerfile that takes from the packages what a service does not need, by rules that users name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from buildkit.doors import reading

PACKAGES, PACKAGES_SLIMMED = "COPY --from=dependencies /opt/ /opt/", "COPY --from=slimmed /opt/ /opt/"
"""How the runtime stage gets the packages, and how it gets them where rules are named."""

REPORT = "opt/venv/slimmed.json"
"""What was taken and what was spared, in the image."""

_FILE = "slimming.py"
_STAGE = """FROM dependencies AS slimmed
COPY --from=buildkit slimming.py /requirements/
RUN /opt/venv/bin/python -IB /requirements/slimming.py /opt/venv RULES \\
    && find /opt -exec touch -h -d @315532800 {} +
"""


def stage(rules: Iterable[str]) -> str:
    """Return the stage; nothing without rules."""
    named = sorted(set(rules))
    return _STAGE.replace("RULES", " ".join(named)) if named else ""


def files(rules: Iterable[str]) -> dict[str, str]:
    """Return the files that the stage takes, by name: the program; none without rules."""
    return {_FILE: reading.read_text(Path(__file__).with_name("slimming_script.py"))} if [*rules] else {}
