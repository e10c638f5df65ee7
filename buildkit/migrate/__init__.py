"""One migration step to the single Alembic head. Knows no `Config`, because it also runs in the container."""
