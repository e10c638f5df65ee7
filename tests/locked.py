"""Makes the lock files in projects/locked anew, by the tools themselves, against the small index of the tests.

    python tests/locked.py FOLDER...

The folders hold `uv`, `poetry` and `pdm`; of several poetries each makes a lock of its own. No test runs this: the
locks are committed, with a name that leads nowhere in the place of the index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "projects" / "locked"
sys.path.insert(0, str(Path(__file__).parent))

from plugins.small_index import NAMES, served  # noqa: E402 - found through the line above

PROJECT = """\
[project]
name = "service"
version = "1.0"
requires-python = ">=3.10"
dependencies = [
    "alpha>=1,<2",
    'epsilon>=1; python_version < "3.12"',
    'epsilon>=2; python_version >= "3.12"',
]

[project.optional-dependencies]
quick = ["alpha[fast]"]
database = ["driver>=3"]

[dependency-groups]
check = ["checker>=4"]
dev = [{ include-group = "check" }, "delta"]
"""

POETRY = """\
[tool.poetry]
name = "service"
version = "1.0"
package-mode = false

[tool.poetry.dependencies]
python = ">=3.10,<4.0"
alpha = "^1.0"
driver = { version = "^3.0", optional = true }
epsilon = [
    { version = ">=1", python = "<3.12" },
    { version = ">=2", python = ">=3.12" },
]

[tool.poetry.extras]
database = ["driver"]

[tool.poetry.group.check.dependencies]
checker = "^4.0"
"""


def run(*command: str, folder: Path, **variables: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "PYTHON"))}
    cache = str(folder.parent / "cache")
    environment |= {"POETRY_CACHE_DIR": cache, "UV_CACHE_DIR": cache, "PDM_CACHE_DIR": cache, **variables}
    subprocess.run(command, cwd=folder, check=True, env=environment)


def made(name: str, pyproject: str, lock: str, address: str, *commands: tuple[str, ...]) -> None:
    """Run the commands in a folder with that pyproject.toml, and keep it and the lock under `name`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "service"
        folder.mkdir()
        (folder / "pyproject.toml").write_text(pyproject.replace(NAMES, address))
        for command in commands:
            run(*command, folder=folder)
        kept = HERE / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for file in ("pyproject.toml", lock):
            text = (folder / file).read_text().replace(address, NAMES)
            (kept / file).write_text(re.sub(r", upload-time = \"[^\"]*\"", "", text))


HASH = """
import sys, tomllib
from pathlib import Path
from poetry.packages.locker import Locker
tables = tomllib.loads(Path("pyproject.toml").read_text())
print(Locker(Path("poetry.lock"), tables["tool"]["poetry"] if sys.argv[1] == "1" else tables)._get_content_hash())
"""


def hash_anew(name: str, poetry: str, major: str) -> None:
    """Let Poetry say the hash of the pyproject.toml that is kept, in which the index has another name."""
    python = Path(poetry).resolve().parent / "python"
    command = [str(python), "-c", HASH, major]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE / name).stdout.strip()
    lock = HERE / name / "poetry.lock"
    lock.write_text(re.sub(r"content-hash = .*", f'content-hash = "{said}"', lock.read_text()))


def main(folders: list[str]) -> None:
    def tool(name: str) -> list[str]:
        return [str(Path(folder) / name) for folder in folders if (Path(folder) / name).exists()]

    index = f'\n[[tool.uv.index]]\nname = "small"\nurl = "{NAMES}/simple"\ndefault = true\n'
    sources = f'\n[[tool.poetry.source]]\nname = "small"\nurl = "{NAMES}/simple"\n'
    pdm_index = f'\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{NAMES}/simple"\nverify_ssl = false\n'
    one = PROJECT.replace("""    'epsilon>=2; python_version >= "3.12"',\n""", "").replace(
        """'epsilon>=1; python_version < "3.12"'""", '"epsilon>=1"'
    )
    without = ("--no-emit-project", "--no-annotate", "--no-header")
    with served() as (address, _):
        uv, pdm = tool("uv")[0], tool("pdm")[0]
        export = (uv, "export", "--quiet", *without)
        everything = (*export, "--all-extras", "--all-groups", "--output-file", "pylock.toml")
        made("uv", PROJECT + index, "uv.lock", address, (uv, "lock"))
        made("uv-pylock", PROJECT + index, "pylock.toml", address, (uv, "lock"), everything)
        plain = (*export, "--no-dev", "--output-file", "requirements.txt")
        made("requirements", PROJECT + index, "requirements.txt", address, (uv, "lock"), plain)
        locks = (pdm, "lock", "-G", ":all")
        made("pdm", one + pdm_index, "pdm.lock", address, locks)
        made("pdm-without-parents", one + pdm_index, "pdm.lock", address, (*locks, "-S", "no_inherit_metadata"))
        as_pylock = (pdm, "config", "--local", "lock.format", "pylock")
        made("pdm-pylock", one + pdm_index, "pylock.toml", address, as_pylock, locks)
        for poetry in tool("poetry"):
            said = subprocess.run([poetry, "--version"], check=True, capture_output=True, text=True).stdout
            major = said.partition("version ")[2][0]
            made(f"poetry-{major}", POETRY + sources, "poetry.lock", address, (poetry, "lock"))
            hash_anew(f"poetry-{major}", poetry, major)
            if major != "1":
                made(f"poetry-{major}-project", PROJECT + sources, "poetry.lock", address, (poetry, "lock"))
                hash_anew(f"poetry-{major}-project", poetry, major)


if __name__ == "__main__":
    main(sys.argv[1:])
