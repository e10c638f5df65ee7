"""The processes that run stages: one for a whole stage, or a server that forks one for each piece."""
