"""Lean images: what enters the build, how it is driven, what came out."""
