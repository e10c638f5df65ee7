"""What a project needs: as its pyproject.toml declares it, and as its lock file fixes it; it knows no image."""
