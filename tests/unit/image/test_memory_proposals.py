"""What can be tried so that a service takes less memory, from the words of its command."""

from __future__ import annotations

import pytest

from buildkit.errors import ConfigurationError
from buildkit.flows.image_memory_ways import switches_of
from buildkit.image.memory_proposals import preloaded, proposals, with_workers, workers_of


@pytest.mark.parametrize(
    ("command", "variables", "count"),
    [
        (["gunicorn", "-w", "4", "app:app"], {}, 4),
        (["gunicorn", "-w4", "app:app"], {}, 4),
        (["uvicorn", "app:app", "--workers", "3"], {}, 3),
        (["uvicorn", "app:app", "--workers=3"], {}, 3),
        (["gunicorn", "app:app"], {"WEB_CONCURRENCY": "2"}, 2),
        (["gunicorn", "-w", "many", "app:app"], {}, 0),
        (["gunicorn", "app:app", "-w"], {}, 0),
        (["uvicorn", "app:app"], {}, 0),
    ],
)
def test_how_many_workers_a_command_starts(command: list[str], variables: dict[str, str], count: int) -> None:
    assert workers_of(command, variables) == count


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        (["gunicorn", "-w", "4", "app:app"], ["gunicorn", "-w", "2", "app:app"]),
        (["gunicorn", "-w4", "app:app"], ["gunicorn", "-w2", "app:app"]),
        (["uvicorn", "app:app", "--workers=4"], ["uvicorn", "app:app", "--workers=2"]),
        (["gunicorn", "app:app"], ["gunicorn", "app:app"]),
    ],
)
def test_fewer_workers_are_written_in_the_form_of_the_command(command: list[str], changed: list[str]) -> None:
    assert [*with_workers(command, 2)] == changed


def test_what_forks_can_load_before_and_what_spawns_cannot() -> None:
    assert preloaded(["/opt/venv/bin/gunicorn", "-w", "4", "app:app"]) == (
        "/opt/venv/bin/gunicorn",
        "--preload",
        "-w",
        "4",
        "app:app",
    )
    assert preloaded(["gunicorn", "--preload", "app:app"]) is None
    assert preloaded(["uvicorn", "app:app", "--workers", "4"]) is None


def test_each_way_says_what_to_write() -> None:
    found = {
        each.name: each for each in proposals(["gunicorn", "app:app"], {"WEB_CONCURRENCY": "4"}, ["sdk"], {"A": "0"})
    }

    assert [*found] == ["A=0", "2 of 4 workers", "preload and freeze", "sdk loaded late"]
    assert found["A=0"].environment == {"A": "0"}
    assert 'environment = { A = "0" }' in found["A=0"].advice
    assert found["2 of 4 workers"].environment == {"WEB_CONCURRENCY": "2"}
    assert "gc.freeze()" in found["preload and freeze"].advice
    assert not [*proposals(["python", "-m", "worker"], {}, [], {})], "one process, and nothing to load late"


@pytest.mark.parametrize("text", ["SCHEDULER", "=0", "a b=1"])
def test_a_switch_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no variable with a value"):
        switches_of([text])
