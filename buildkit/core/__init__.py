"""Pure functions that decide: standard library only, without disk, clock or processes."""
