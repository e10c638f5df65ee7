"""The migration step to the single Alembic head. It knows no `Config`, because it also runs in the container.

    upgrade         the step itself, for the task and for the container; downgrade for throw-away databases
    status, adopt   the commands that read a database's state, or record its revision
    settings        the project's migration settings; discovery finds them, without importing Alembic

    scripts/        env.py, revision files and Alembic's configuration as texts: read, never run
    postgres/       the connection, and what the server says: refusals, version tables, the lock
    child/          the program that imports Alembic and the project: `python -m buildkit.migrate.child`
    supervision/    starts that program, reads its events, and ends it

The lower rooms do not know the upper ones; `child` and `supervision` exchange only lines of JSON.
"""
