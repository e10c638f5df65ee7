"""The forms of lock files: each module reads one into the packages of `dependencies.locked`."""
