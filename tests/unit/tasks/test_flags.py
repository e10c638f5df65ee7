"""What short flags mean is the same in every command."""

from __future__ import annotations

from copy import deepcopy

from buildkit.tasks import ns


def test_j_is_jobs_and_json_has_no_short_form() -> None:
    short = {
        (name, letter): argument.name
        for name in ns.task_names
        for argument in deepcopy(ns[name]).get_arguments()  # Invoke takes the help out of the task
        for letter in argument.names
        if len(letter) == 1
    }

    assert {meaning for (_, letter), meaning in short.items() if letter == "j"} == {"jobs"}
    assert short["compile.compile", "j"] == "jobs"
    assert "json" not in short.values()
