"""The builder's ignore rules, each surprise pinned. What they are was found by asking a real builder."""

from __future__ import annotations

import pytest

from buildkit.errors import ConfigurationError
from buildkit.image.ignore.lines import parse
from buildkit.image.ignore.rules import Ignore
from buildkit.image.ignore.sieve import Sieve


def ignored(ignore: Ignore, path: str) -> bool:
    """Judge `path` as the walk does, from the top down; both ways of doing so agree."""
    sieve = Sieve(ignore)
    hits, parts, found = sieve.at_top, path.split("/"), False
    for end in range(1, len(parts) + 1):
        found, hits = sieve.judge("/".join(parts[:end]), hits)
    assert ignore.explain(path).ignored is found
    return found


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        # a pattern counts from the root
        ("node_modules", "node_modules/a.js", True),
        ("node_modules", "web/node_modules/a.js", False),
        ("**/node_modules", "web/node_modules/a.js", True),
        ("**/node_modules", "node_modules", True),
        # slashes: leading, trailing and double ones mean nothing, and neither do dots
        ("/build/", "build", True),
        ("build/", "build", True),
        ("a/../b//c/", "b/c", True),
        ("./a", "a", True),
        ("/", "a", False),
        ("../a", "a", False),
        # comments start with the first byte of a line, a pattern does not start with a space
        ("#a", "#a", False),
        (" #a", "#a", True),
        ("  a  ", "a", True),
        ("\ufeffa", "a", True),
        ("a\r\nb\r\n", "b", True),
        # one star stays in its folder, two cross folders
        ("*.so", "a.so", True),
        ("*.so", "app/a.so", False),
        ("**/*.so", "app/fast/a.so", True),
        ("**/*.so", "a.so", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "ax/b", False),
        ("a/**", "a/x/y", True),
        ("a/**", "a", False),
        ("**", "a/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        # two stars before a name are a test of the path's end
        ("**name", "myname", True),
        ("**name", "a/myname", True),
        ("**name*", "myname", False),
        # sets of characters
        ("[ab]", "b", True),
        ("[^a]", "b", True),
        ("[^a]", "a", False),
        ("[!a]", "a", True),
        ("[!a]", "!", True),
        ("[!a]", "b", False),
        ("[a-c]x", "bx", True),
        # special characters
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("\\!a", "!a", True),
        ("a.b*", "axb", False),
        ("a+b*", "a+b", True),
        ("a{2}*", "aa", True),
        ("a{2}", "aa", False),
        ("a{,2}*", "a{,2}b", True),
        ("a{,2}*", "aa", False),
        ("a{01}*", "a{01}", True),
        # a bare bracket makes a regular expression of the rest
        ("aa|b]", "aab", True),
        ("aa|b", "aa|b", True),
        ("x|b]", "xyz", True),
        # classes, and what else Go's expressions know
        ("[[:alpha:]]", "a", True),
        ("[[:alpha:]]", "1", False),
        ("[[:^alpha:]_]", "1", True),
        ("[[:alpha:]_]", "_", True),
        ("[a[:]x", "[x", True),
        ("\\pL", "é", True),
        ("\\pL*", "1", False),
        ("\\P{Lu}", "a", True),
        ("\\p{^Lu}", "A", False),
        ("[\\p{Nd}_]", "7", True),
        ("\\Qa|\\E*", "a|b", True),
        ("\\Qa", "ab", False),
        ("a\\z", "a", True),
        ("\\d\\W", "1-", True),
        ("[\\d]", "1", True),
        ("\\x61", "a", True),
        ("\\x{62}*", "b", True),
        ("\\141", "a", True),
        ("[\\x61-\\x63]", "b", True),
        ("\\Aa", "a", True),
        ("^a*", "a", True),
        ("^{2}a*", "a", True),
        # lines are cleaned twice: what comes out with a `!` is an exception
        ("*\n./!a", "a", False),
        ("*\n/!a", "a", False),
        ("/ a", "a", True),
        ("\x1ca", "a", False),
        ("\x1ca", "\x1ca", True),
        ("\u2003a\xa0", "a", True),
        # two stars do not cross a line's end, and any number of bytes may be no text
        ("**/a", "b\nc/a", True),
        ("**/a*", "b\nc/a", False),
        ("b\udcff*", "b\udcffc", True),
        # the last match wins, and `!` reaches into what is left out
        ("a\n!a/b", "a/b", False),
        ("a\n!a/b", "a/c", True),
        ("!a\na", "a", True),
        ("*\n!README.md", "README.md", False),
        ("* \n! README.md", "README.md", False),
        # … but a rule that changed nothing for a folder is forgotten inside it
        ("a\n!a/b\na", "a/b", False),
        ("a\n!a/b\na/b", "a/b", True),
    ],
)
def test_rules_decide_as_the_builder_does(rules: str, path: str, expected: bool) -> None:
    assert ignored(parse(rules), path) is expected


def test_the_verdict_names_the_rule() -> None:
    verdict = parse("# models\n\n*.pt\n!small.pt\n").judge("small.pt")
    assert verdict.rule is not None
    assert (verdict.rule.line, verdict.rule.text) == (4, "!small.pt")
    assert not verdict.ignored


REFUSED = ["!", "! ", "!/", "./!", "[a", "[]", "[-a]", "[^]a]", "[b\udcff]", "a\\", "a" * 65536]

LATE = [
    "\\y",
    "\\é",
    "\\Z",
    "\\1",
    "\\x6",
    "\\x{110000}",
    "\\E",
    "\\C",
    "\\p1",
    "\\pX",
    "[[:foo:]]",
    "[b-a]",
    "[\\b]",
    "*|{2}",
    "a{1001}*",
    "a{2}{2}*",
]
"""The builder finds them wrong when it comes to a path that they are asked about, if it ever does."""


@pytest.mark.parametrize("line", [*REFUSED, *LATE])
def test_what_the_builder_refuses_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"own:2: "):
        parse(f"a\n{line}\n", "own")


@pytest.mark.parametrize(
    ("rules", "folder", "expected"),
    [
        (".venv", ".venv", False),
        (".venv\n!README.md", ".venv", False),
        (".venv\n!.venv/keep", ".venv", True),
        ("*\n!a/b", "a", True),
        ("*\n!a/b/*/**", "a", True),
        ("*\n!a/*/**", "a/x", False),
        ("*\n!a/*/**\n!*.md", "a/x", True),
        ("*\n!a/b*", "x", True),
        (".venv\n!**/keep", ".venv", True),
        (".venv\n!.v*", ".venv", True),
        (".venv\n!src/*", ".venv", False),
        (".venv\n!src/**", ".venv", False),
    ],
)
def test_only_a_folder_that_may_hold_something_kept_is_walked(rules: str, folder: str, expected: bool) -> None:
    assert parse(rules).may_keep_within(folder) is expected
