"""Prepares changed modules that are not compiled for a restart of the service."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from buildkit.doors import reading
from buildkit.doors.files import remove
from buildkit.errors import CompileError


def check_syntax(files: Iterable[Path]) -> None:
    """Compile each file in memory, so that a syntax error does not cost the running service.

    Raises:
        CompileError: with the first mistake of every file that has one.
    """
    found = []
    for file in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(reading.read(file, most=reading.TEXT), str(file), "exec", dont_inherit=True)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):  # noqa: PERF203 - it is no file any more
            continue
        except SyntaxError as error:
            found += [f"{file}:{error.lineno}: {error.msg}", *([f"    {error.text.strip()}"] if error.text else [])]
        except ValueError as error:  # a NUL byte, before Python 3.12
            found.append(f"{file}: {error}")
        except (RecursionError, MemoryError) as error:
            found.append(f"{file}: an expression is nested too deeply for Python ({type(error).__name__})")
        except OSError as error:
            found.append(f"{file}: {error.strerror}")
    if found:
        raise CompileError("not valid Python", details=found, hint="mend it and save; the service runs on as it was")


def forget_bytecode(files: Iterable[Path]) -> None:
    """Delete the cached bytecode of each file.

    Python trusts it when size and time of the source match, and it keeps the time in whole seconds: of two saves within
    one second that have the same size, the first would go on to run.
    """
    for file in files:
        for cached in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            remove(cached)
