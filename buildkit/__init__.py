"""One build system for a compiled Python service: incremental compilation, data, migration and images.

Importing this package loads nothing: the doors are `buildkit.tasks` (Invoke), `buildkit.sessions` (Nox) and
`python -m buildkit.runtime` (the container's entrypoint).
"""

__version__ = "0.1.0"
