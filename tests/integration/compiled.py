"""A project with a plain module, a Cython module and a package, and where its extensions come to lie."""

from __future__ import annotations

import sysconfig
from pathlib import Path

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/__main__.py": "print('main')\n",
    "src/app/plain.py": "def answer() -> int:\n    return 41 + 1\n",
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
    "src/app/inner/__init__.py": "",
    "src/app/inner/deep.py": "WORD = 'deep'\n",
}


def extension(root: Path, module: str) -> Path:
    return root / "src" / f"{module.replace('.', '/')}{SUFFIX}"
