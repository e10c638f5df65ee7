"""One module for each use case, written as a list of steps: look, decide, do, record, report."""
