"""A small service: notes in PostgreSQL, and words that were counted ahead."""
