"""Takes secrets out of what services say before it is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from buildkit.config.image_forms import is_secret

_PASSWORD = re.compile(r"(?P<before>://[^/\s:@]*:)(?P<password>[^/\s@]+)@")
_SHORTEST_SECRET = 4


def redacted(line: str, environment: Mapping[str, str]) -> str:
    """Return a line without passwords of addresses, and without the values of variables that are secrets."""
    for name, value in environment.items():
        found = _PASSWORD.search(value)
        for secret in ((value,) if is_secret(name) else ()) + ((found["password"],) if found else ()):
            if len(secret) >= _SHORTEST_SECRET:
                line = line.replace(secret, "***")
    return _PASSWORD.sub(r"\g<before>***@", line)
