r"""A Dockerfile as the builder's parser reads it."""

from __future__ import annotations

import pytest

from buildkit.image.dockerfile import Heredoc, read


def test_each_instruction_has_its_lines_its_flags_and_its_text() -> None:
    text = "FROM python:3.13 AS Build\n\nCOPY --link --chown=1:1 a b /c/\nuser nobody\n"
    found = read(text)

    assert [(each.line, each.end, each.name, each.text) for each in found.instructions] == [
        (1, 1, "FROM", "python:3.13 AS Build"),
        (3, 3, "COPY", "a b /c/"),
        (4, 4, "USER", "nobody"),
    ]
    copy = found.instructions[1]
    assert copy.flags == ("--link", "--chown=1:1")
    assert copy.flag("chown") == ("1:1",)
    assert copy.flag("link") == ("",)
    assert copy.flag("from") == ()
    assert copy.arguments == ("a", "b", "/c/")
    assert copy.written == "COPY --link --chown=1:1 a b /c/"


def test_a_line_goes_on_over_comments_and_empty_lines() -> None:
    text = "FROM x\nRUN one \\\n  # a comment\n\n  && two \\  \n && three\nUSER y"
    run, user = read(text).instructions[1:]

    assert " ".join(run.text.split()) == "one && two && three"
    assert (run.line, run.end) == (2, 6)
    assert (user.name, user.line) == ("USER", 7)


def test_two_escapes_at_the_end_do_not_go_on() -> None:
    assert [each.text for each in read("FROM x\nRUN a\\\\\nRUN b").instructions[1:]] == ["a\\\\", "b"]


def test_another_escape_is_a_directive_at_the_top_alone() -> None:
    directed = read("# syntax=docker/dockerfile:1\n# Escape = `\nFROM x\nCOPY a `\n b C:\\\nUSER y")
    assert directed.directives == {"syntax": "docker/dockerfile:1", "escape": "`"}
    assert [each.arguments for each in directed.instructions] == [("x",), ("a", "b", "C:\\"), ("y",)]

    late = read("# words\n# escape=`\nFROM x\nUSER `\n")
    assert late.directives == {}
    assert late.instructions[1].text == "`"


def test_here_documents_are_text_and_no_instructions() -> None:
    text = (
        "FROM x\n"
        "RUN <<EOF cat 3<<-'other word' > /a\n"
        "COPY not an instruction\n"
        "EOF\n"
        "\tindented\n"
        "\tother word\n"
        'COPY <<"A" <<B /etc/\n1 \\\nA\n2\nB\n'
        "USER y\n"
    )
    run, copy, user = read(text).instructions[1:]

    assert run.heredocs == (
        Heredoc("EOF", "COPY not an instruction\n", expands=True),
        Heredoc("other word", "indented\n", expands=False),
    )
    assert copy.heredocs == (Heredoc("A", "1 \\\n", expands=False), Heredoc("B", "2\n", expands=True))
    assert (run.line, run.end, copy.line, user.line) == (2, 6, 7, 12)


def test_what_only_looks_like_a_here_document_is_none() -> None:
    found = read('FROM x\nRUN ["cat", "<<EOF"]\nRUN cat <<< word\nENV A=<<EOF\nRUN echo $((1<<2))\nUSER y').instructions
    assert [each.name for each in found] == ["FROM", "RUN", "RUN", "ENV", "RUN", "USER"]
    assert not any(each.heredocs for each in found)


def test_a_here_document_without_an_end_takes_the_rest() -> None:
    (_, run) = read("FROM x\nRUN <<EOF\na\nUSER y").instructions
    assert run.heredocs[0].text == "a\nUSER y\n"


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ('["a b", "c"]', ("a b", "c")),
        ("['a', 'b']", None),
        ("[a]", None),
        ("[1]", None),
        ("a", None),
    ],
)
def test_the_json_form_is_a_list_of_texts_or_the_shell_form(text: str, listed: tuple[str, ...] | None) -> None:
    assert read(f"FROM x\nCMD {text}").instructions[1].listed == listed


def test_stages_have_names_and_numbers() -> None:
    found = read("ARG V=1\nFROM a:$V AS One\nRUN a\nFROM --platform=linux/arm64 one\nRUN b\nRUN c\n")

    assert [each.text for each in found.before] == ["V=1"]
    assert [(stage.base, stage.name, len(stage.instructions)) for stage in found.stages] == [
        ("a:$V", "one", 1),
        ("one", "", 2),
    ]
    assert found.stage("ONE") is found.stages[0]
    assert found.stage("1") is found.stages[1]
    assert found.stage("2") is None
    assert found.stage("other") is None


def test_an_onbuild_holds_an_instruction() -> None:
    (_, later) = read("FROM x\nONBUILD COPY --link <<EOF /a\ntext\nEOF\n").instructions
    inner = later.inner
    assert inner is not None
    assert (inner.name, inner.flags, inner.heredocs[0].text) == ("COPY", ("--link",), "text\n")
    assert inner.inner is None


def test_words_keep_what_is_in_quotes_together() -> None:
    assert read('FROM x\nARG A=\'1 2\' B="3 \\" 4" C=5\\ 6 D').instructions[1].words == (
        "A='1 2'",
        'B="3 \\" 4"',
        "C=5\\ 6",
        "D",
    )


def test_nothing_and_odd_ends_of_lines_are_read() -> None:
    assert read("").instructions == ()
    assert [each.text for each in read("\ufeffFROM x\r\nRUN a \\\r\n b\r\n").instructions] == ["x", "a  b"]
