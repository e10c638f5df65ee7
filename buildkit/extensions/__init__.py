"""Builds the extension modules of a project: look, decide, do, record. Combines the rooms `compile` and `store`."""
