"""Asks what a container of an image finds inside, by a few lines of Python that run in it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import process

_PATIENCE = 60.0
_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python", "/opt/venv/bin/python", "/app/.venv/bin/python")
_RUNNING = 1.0
_STOPPING = 5
_KILLED = 137
"""Seconds that a container runs before it is asked to stop, and has for that; the exit code of one that was killed."""
_IMPORT = """
import importlib, json, os, sys
sys.path.insert(0, os.getcwd())
failure, broken = "", False
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    failure = f"{type(error).__name__}: {error}".splitlines()[0]
    broken = isinstance(error, (ImportError, SyntaxError))
print("\\n" + json.dumps({"failure": failure, "broken": broken}), flush=True)
os._exit(0)
"""
"""The program that imports the module of a command; threads that this starts end with it."""
_PROBE = """
import sys
sys.path[:] = filter(None, sys.path)  # not the working directory, whose modules are the service's
import json, os, shutil
program, mount, *folders = sys.argv[1:]
found = {"user": os.getuid(), "program": shutil.which(program), "gates": None, "why": ""}
found["data"] = sorted(os.listdir(mount)) if os.path.isdir(mount) else None
found["writable"] = os.access(mount, os.W_OK)
found["closed"] = [each for each in folders if not (os.path.isdir(each) and os.access(each, os.W_OK))]
found["tools"] = [each for each in ("gcc", "cc", "clang", "make", "cargo") if shutil.which(each)]
try:
    from importlib.metadata import distributions
    names = {(each.metadata["Name"] or "").lower() for each in distributions()}
    tests = ("pytest", "ruff", "mypy", "black", "flake8", "pylint", "tox", "nox", "coverage", "pre-commit")
    found["tests"] = [each for each in tests if each in names]
except Exception:
    found["tests"] = []
found["home"] = os.path.expanduser("~")
found["at_home"] = os.path.isdir(found["home"]) and os.access(found["home"], os.W_OK)
found["driver"] = ""
try:
    from buildkit.runtime import entrypoint, settings
    image = settings.of(os.environ)
    found["gates"] = [gate for gate in ("data", "migrate") if getattr(image, gate) is not None]
    if image.migrate is not None:
        from buildkit.migrate.settings import MigrationSettings
        found["revisions"] = os.path.isdir(MigrationSettings.from_json(image.migrate, image.root).script_location)
        try:
            import alembic, psycopg
        except Exception as error:
            found["driver"] = f"{type(error).__name__}: {error}".splitlines()[0]
except Exception as error:
    found["why"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
"""The program that looks from inside; it changes nothing and uses no network."""


def configuration(image: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration of an image that the engine has: `Entrypoint`, `Cmd`, `ExposedPorts` and so on.

    Args:
        image: its name.
        environment: the variables of the docker client.
    """
    answer = process.run(["docker", "image", "inspect", image], environment=environment, timeout=_PATIENCE)
    found: dict[str, Any] = json.loads(answer.stdout)[0]["Config"]
    return found


def interpreter(image: str, words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the Python of an image; `python` where none starts.

    Args:
        image: its name.
        words: those of its command: a program in a virtual environment has a Python beside it.
        environment: the variables of the docker client.
    """
    beside = [f"{word.rpartition('/')[0]}/python" for word in words if re.fullmatch(r"/[\w./-]*/bin/[\w.-]+", word)]
    for name in dict.fromkeys(("python", "python3", *beside, *_PYTHONS)):
        run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", name, image, "-c", ""]
        if process.run(run, environment=environment, timeout=_PATIENCE).ok:
            return name
    return _PYTHONS[0]


def imported(image: str, python: str, module: str, environment: Mapping[str, str]) -> tuple[str, bool]:
    """Import a module as a command in the image's working directory would; return what fails, and whether for good.

    Args:
        image: its name.
        python: its interpreter.
        module: the module.
        environment: the variables of the docker client.
    """
    run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", python, image, "-c", _IMPORT, module]
    try:
        answer = process.run(run, environment=environment, timeout=_PATIENCE)
    except TimeoutError:
        return f"it takes longer than {_PATIENCE:g} s", False
    try:
        found = json.loads(answer.stdout.splitlines()[-1])
        return untrusted.shown(str(found["failure"])), found["broken"] is True
    except (ValueError, IndexError, KeyError, TypeError):
        words = answer.stderr.strip().splitlines()
        return untrusted.shown(words[-1]) if words else f"python ended with {answer.exit_code}", False


def stops(image: str, ready: float, environment: Mapping[str, str]) -> bool | None:
    """Return whether a container ends when it is asked to, and is not killed; None if it does not run so long.

    Args:
        image: its name.
        ready: seconds until it has begun: before that, a first process hears nothing.
        environment: the variables of the docker client.
    """
    run = ["docker", "run", "--detach", "--network", "none", image]
    container = process.run(run, environment=environment, timeout=_PATIENCE).stdout.strip()
    if not container:
        return None
    try:
        time.sleep(ready + _RUNNING)
        process.run(["docker", "stop", "--time", str(_STOPPING), container], environment=environment, timeout=_PATIENCE)
        ask = ["docker", "inspect", "--format", "{{json .State}}", container]
        state = json.loads(process.run(ask, environment=environment, timeout=_PATIENCE).stdout)
        lived = state["StartedAt"], state["FinishedAt"]
        return None if _seconds(*lived) < ready else state["ExitCode"] != _KILLED
    except (ValueError, KeyError, TypeError):
        return None
    finally:
        process.run(["docker", "rm", "--force", "--volumes", container], environment=environment, timeout=_PATIENCE)


def _seconds(start: str, end: str) -> float:
    first, last = (datetime.fromisoformat(text.rstrip("Z")[:26]) for text in (start, end))
    return (last - first).total_seconds()


def inside(
    image: str, places: Sequence[str], program: str, environment: Mapping[str, str], python: str = "python"
) -> tuple[dict[str, Any], str]:
    """Return what a container of the image finds inside, or why that is not known.

    Args:
        image: its name.
        places: the mount point of the data volume, and folders that the service may write.
        program: the first word of the image's command.
        environment: the variables of the docker client.
        python: the image's interpreter.
    """
    run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", python, image]
    answer = process.run([*run, "-c", _PROBE, program, *places], environment=environment, timeout=_PATIENCE)
    try:
        return dict(json.loads(answer.stdout)), ""
    except ValueError:
        words = answer.stderr.strip().splitlines()
        return {}, words[-1] if words else f"python ended with {answer.exit_code}"
