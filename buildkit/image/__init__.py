"""Lean images: the build context and secrets, the build itself, and checks of the image that it made."""
