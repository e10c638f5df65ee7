"""`python -m buildkit.migrate.child DESCRIPTOR`: the process in which Alembic runs. `supervision` starts it.

It gets its orders as one line of JSON on the descriptor, tells what happens as lines of JSON on another, and ends when
the first one does, since that means that whoever holds the lock is gone. Standard input has nothing to read, and there
is no terminal: a question that env.py asks is an error at once, or all would wait for the answer with the lock held.
"""

from __future__ import annotations

import sys

from buildkit.migrate.child import alembic_config
from buildkit.migrate.child.channel import Channel
from buildkit.migrate.child.commands import Commands


def main() -> int:
    """Read the orders, carry them out, and return the exit code."""
    channel = Channel(int(sys.argv[1]))
    commands = Commands(channel)
    alembic_config.set_up_process(channel.orders["command"], commands.settings)
    return commands.carry_out()


if __name__ == "__main__":
    sys.exit(main())
