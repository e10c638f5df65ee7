"""The data: what is counted. It is the installed, compiled package that is tested."""

from app.pipeline import counted


def test_words_are_counted_whatever_their_case() -> None:
    assert counted("Well, all is WELL") == {"well": 2, "all": 1, "is": 1}
