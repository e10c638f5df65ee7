"""Starts the program in which Alembic runs, reads its events, and ends it."""
