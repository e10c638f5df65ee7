"""Words, which the stage of the data has counted."""

import json
import os
from pathlib import Path

from fastapi import APIRouter, HTTPException

router = APIRouter(prefix="/words")


@router.get("/{word}")
def frequency(word: str) -> int:
    """Return how often a word was found."""
    file = Path(os.environ.get("PYBUILDKIT_DATA_PATH", "data"), "current", "words.json")
    found: dict[str, int] = json.loads(file.read_text("utf-8"))
    if word not in found:
        raise HTTPException(404, f"{word} was not found")
    return found[word]
