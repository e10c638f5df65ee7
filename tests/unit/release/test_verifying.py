"""Asking a service from outside, after its rollout."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from buildkit.release import verifying


@pytest.fixture
def answers() -> Iterator[tuple[str, list[int]]]:
    """An address, and the statuses that it answers with, the last one again and again."""
    statuses: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/health", statuses
        server.shutdown()
        thread.join()


def test_a_service_that_answers_is_well(answers: tuple[str, list[int]]) -> None:
    answers[1].append(204)

    assert verifying.ask(answers[0], seconds=0) == ""


def test_one_that_needs_a_moment_is_asked_again(answers: tuple[str, list[int]]) -> None:
    answers[1].extend([503, 200])

    assert verifying.ask(answers[0]) == ""


def test_a_wrong_status_and_no_answer_are_told_with_the_address(answers: tuple[str, list[int]]) -> None:
    answers[1].append(500)

    assert verifying.ask(answers[0], seconds=0) == f"{answers[0]} answers with status 500"
    assert verifying.ask("http://127.0.0.1:1/", seconds=0).startswith("http://127.0.0.1:1/ does not answer: ")
