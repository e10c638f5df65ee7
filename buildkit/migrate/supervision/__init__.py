"""Starts the program in which Alembic runs, follows it, and leaves nothing of it behind."""
