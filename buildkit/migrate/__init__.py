"""One migration step to the single Alembic head. Knows no `Config`, because it also runs in the container.

    upgrade         the step itself, for the task and for the container; downgrade for throw-away databases
    status, adopt   the other commands that ask about a database, or record where it is
    settings        what all of it must know of a project; discovery finds it, without importing Alembic

    scripts/        env.py, revision files and Alembic's configuration as texts: read, never run
    postgres/       the connection, and what the server says: refusals, version tables, the lock
    child/          the program that imports Alembic and the project: `python -m buildkit.migrate.child`
    supervision/    starts that program, follows it, and leaves nothing of it behind

The lower rooms do not know the upper ones; `child` and `supervision` meet in JSON lines alone.
"""
