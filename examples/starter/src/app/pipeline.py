"""The data that is made ahead: `invoke data` runs this where an input, the code or the age asks for it."""

import json
import re
from collections import Counter
from pathlib import Path


def counted(text: str) -> dict[str, int]:
    """Return how often each word is in a text, the most frequent first."""
    return dict(Counter(re.findall(r"[a-z]+", text.lower())).most_common())


def count(source: Path, out: Path) -> None:
    """Write `words.json` from the texts of the folder `input`.

    Args:
        source: the outputs of the stages before this one; there are none.
        out: the folder to write under.
    """
    texts = [file.read_text("utf-8") for file in sorted(Path("input").glob("*.txt"))]
    (out / "words.json").write_text(json.dumps(counted("\n".join(texts))), "utf-8")
