"""Reads a project's migration scripts without running them: env.py, revision files, Alembic's configuration."""
