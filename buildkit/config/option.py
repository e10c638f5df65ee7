"""How one setting is declared.

`option()` is the single declaration of a setting. The reader takes key, type and choices from it, the reference page
in docs/ takes the text. Underscores become hyphens in the file: `source_root` is `source-root`.
"""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any, Literal

Kind = Literal["text", "texts", "table", "integer", "switch", "jobs", "seconds", "bytes", "command", "assets"]


def option(
    kind: Kind,
    default: Any,  # noqa: ANN401 - as `field`
    says: str,
    *,
    choices: tuple[str, ...] = (),
    form: str = "",
) -> Any:  # noqa: ANN401
    """Declare one setting.

    Args:
        kind: how its value is written: `seconds` as "7d", `bytes` as "1GB", `jobs` as "auto" or a number,
            `command` as a list of arguments, `switch` as true or false, `assets` as a list of texts and tables.
        default: its value where neither file, environment nor flag names it.
        says: one sentence for the reference page.
        choices: the only values allowed.
        form: the name of the check in `forms.FORMS` that the value must pass.
    """
    metadata = {"kind": kind, "says": says, "choices": choices, "form": form}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


def keys(section: type) -> tuple[str, ...]:
    """Return the keys of a section as they are written in the file."""
    return tuple(item.name.replace("_", "-") for item in fields(section) if item.metadata)
