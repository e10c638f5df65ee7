"""The program in which Alembic and the project's env.py run: `python -m buildkit.migrate.child`."""
