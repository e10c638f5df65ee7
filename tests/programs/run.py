"""Runs the programs of a module one after the other, each noted as a line before it starts.

run.py FOLDER MODULE [FIRST]
"""

from __future__ import annotations

import builtins
import importlib
import resource
import sys

sys.path[0] = sys.argv[1]
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
watched = importlib.import_module("programs.watched")
module = importlib.import_module(f"programs.{sys.argv[2]}")
print("file", module.__file__)
first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
mains = sorted((int(name[5:]), value) for name, value in vars(module).items() if name.startswith("main_"))
own = dict(vars(builtins))
for number, main in mains:
    if number < first:
        continue
    print("\nprogram", number, flush=True)
    watched.begin()
    try:
        main()
    except watched.Enough:
        watched.LINES.append("enough")
    except BaseException as error:
        watched.LINES.append(f"main raises {watched.described(error)}")
    vars(builtins).update(own)
    print("\n".join(watched.LINES).encode("ascii", "backslashreplace").decode(), flush=True)
print("\nthe end", flush=True)
