"""Which fields of an answer botocore's model of the API knows.

botocore drops what it does not know without a word, so that a task definition would lose a field which is newer than
the botocore that is installed. So an answer is looked at as it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def unknown(value: Any, shape: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON, and botocore has no types
    """Yield the path of each field in a value that a shape does not have.

    Args:
        value: the value, of JSON's types.
        shape: botocore's model of it.
        path: where the value stands.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping) and not getattr(shape, "is_document_type", False):
        for name, inner in value.items():
            at = f"{path}.{name}" if path else name
            if name not in shape.members:
                yield at
            else:
                yield from unknown(inner, shape.members[name], at)
    elif kind == "list" and isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from unknown(inner, shape.member, f"{path}[{_name(inner, index)}]")
    elif kind == "map" and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from unknown(inner, shape.value, f"{path}.{name}")


def _name(value: Any, index: int) -> str:  # noqa: ANN401 - JSON
    return str(value["name"]) if isinstance(value, Mapping) and "name" in value else str(index)
