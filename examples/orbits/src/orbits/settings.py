"""Where the service finds its data and its database: environment variables.

They are read at each call and never at import, so that importing needs nothing.
"""

import os
from pathlib import Path

DATA_PATH_VARIABLE = "PYBUILDKIT_DATA_PATH"
DATABASE_URL_VARIABLE = "DATABASE_URL"


def data_path() -> Path:
    """Return the folder that holds the generations of data."""
    return Path(os.environ.get(DATA_PATH_VARIABLE) or "data")


def current_generation() -> Path:
    """Return the folder that the link `current` means now, all links resolved."""
    return (data_path() / "current").resolve()


def database_url() -> str | None:
    """Return the address of the database as it was given, None if it was not."""
    return os.environ.get(DATABASE_URL_VARIABLE) or None
