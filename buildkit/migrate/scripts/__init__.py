"""A project's migration scripts as texts: env.py, the revision files, Alembic's configuration. Nothing here is run."""
