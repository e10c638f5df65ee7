"""The door of pre-commit: `python -m buildkit.hooks` with the names of checks, as .pre-commit-hooks.yaml has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from buildkit.errors import BuildkitError, ConfigurationError, render
from buildkit.flows import hooks


def main(arguments: Sequence[str]) -> int:
    """Do the checks that the arguments name, and return the exit code of the first that fails."""
    try:
        for name in arguments:
            if name not in hooks.CHECKS:
                raise ConfigurationError(f"there is no check {name}", hint=f"there are {', '.join(hooks.CHECKS)}")
            hooks.check(name, Path.cwd(), os.environ, lambda _words: None)
    except BuildkitError as error:
        sys.stderr.write(f"{render(error)}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
