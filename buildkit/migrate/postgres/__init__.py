"""The connection to a PostgreSQL, and what the server says over it: refusals, identity, version tables, locks."""
