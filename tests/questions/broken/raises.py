"""A module whose body fails."""


def fails():
    return {}["k"]


fails()
