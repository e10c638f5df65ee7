"""One door per effect: processes, files, locks, clock."""
