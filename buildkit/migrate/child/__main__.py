"""`python -m buildkit.migrate.child DESCRIPTOR`: the process in which Alembic runs. `supervision` starts it.

It reads its orders as one line of JSON from the descriptor, writes events as lines of JSON to another, and ends when
the first one is closed, since then the process that holds the lock is gone. Standard input is empty and there is no
terminal, so a question that env.py asks is an error at once; otherwise all would wait for the answer while the lock is
held.
"""

from __future__ import annotations

import gc
import sys

from buildkit.migrate.child import alembic_config
from buildkit.migrate.child.channel import Channel
from buildkit.migrate.child.commands import Commands


def main() -> int:
    """Read the orders, carry them out, and return the exit code."""
    gc.disable()  # nothing of what is loaded now is garbage, and to search it again and again is a tenth of the start
    channel = Channel(int(sys.argv[1]))
    commands = Commands(channel)
    alembic_config.set_up_process(channel.orders["command"], commands.settings)
    return commands.carry_out()


if __name__ == "__main__":
    sys.exit(main())
