"""JSON documents whose bytes depend on their content alone."""

import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]
"""A JSON object."""


def write_document(path: Path, content: Document | list[Document]) -> None:
    """Write JSON with sorted keys; parent folders are made as needed."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_document(path: Path) -> Document:
    """Return the JSON object of a file; a ValueError names the file."""
    content = _load(path)
    if not isinstance(content, dict):
        message = f"{path}: expected a JSON object"
        raise ValueError(message)  # noqa: TRY004 - the content of a file is a value
    return content


def read_documents(path: Path) -> list[Document]:
    """Return the list of JSON objects of a file; a ValueError names the file."""
    content = _load(path)
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        message = f"{path}: expected a list of JSON objects"
        raise ValueError(message)
    return content


def _load(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        message = f"{path}: not JSON: {error}"
        raise ValueError(message) from error
