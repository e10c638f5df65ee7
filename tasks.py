"""The Invoke door of this repository: `invoke --list` shows what it can do."""

from buildkit.tasks import ns

__all__ = ["ns"]
