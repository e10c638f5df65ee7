"""Finds the files, search folders and libraries that compiler arguments name. Works on texts, and reads response files.

Words are those of `CC`, `CFLAGS`, the settings and `# distutils:` lines, of which only the compiler knows all. So what
looks like a path is taken for one: a file too many in a key costs a compilation, one too few a wrong result.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from buildkit.doors import reading

TOKENS = {"source": "<source>", "project": "<project>"}
"""What stands in a key for the folders of a checkout."""

_SEARCHED = ("-iquote", "-isystem", "-idirafter", "-I", "-cxx-isystem", "-iframework", "-F")
_PATHS = (
    *_SEARCHED,
    *("-L", "-B", "-T", "-include", "-imacros", "-isysroot", "--sysroot", "-specs", "--specs", "-fplugin", "-o"),
    *("-fprofile-use", "-fauto-profile", "-fprofile-instr-use", "-fprofile-sample-use", "-iprefix", "@"),
)
_TEXTS = ("-D", "-U", "-Xclang", "-Xpreprocessor", "-Xassembler")
_PROFILES = ("-fprofile-use=", "-fprofile-instr-use=", "-fprofile-sample-use=", "-fprofile-dir=", "-fauto-profile=")
_PIECES = re.compile(r"[,=:;]")
_DEPTH = 8
_MOST_WORDS = 1 << 15
_MOST = 10_000

_ASKED = re.compile(
    r"=native\b|^(?:@|-B|--?specs\b|-wrapper\b|-f(?:use-ld|lto|plugin)\b|--ld-path|--?config|-(?:b|V)$)"
)
"""Arguments whose effect only the driver knows: `native`, other back ends, response and specs files."""

_LAYOUT = re.compile(r"^(?:--?sysroot|-isysroot|-nostdinc|-m(?:32|64|x32)$|--?target\b|-stdlib=|--gcc-|-std|-f)")


def expanded(words: Iterable[str], depth: int = _DEPTH) -> list[str]:
    """Return the arguments with each response file (`@file`) replaced by its content; one that cannot be read stays."""
    found: list[str] = []
    for word in words:
        inner: list[str] | None = None
        if len(found) > _MOST_WORDS:
            return found
        if word.startswith("@") and len(word) > 1 and depth:
            with contextlib.suppress(OSError, ValueError):
                inner = shlex.split(reading.read_text(word[1:], errors="surrogateescape"))
        found += [word] if inner is None else expanded(inner, depth - 1)
    return found


def needs_driver(words: Iterable[str]) -> bool:
    """Return whether the effect of the arguments can only be found by asking the driver."""
    return any(map(_ASKED.search, words))


def is_native(words: Iterable[str]) -> bool:
    """Return whether the arguments contain `=native`."""
    return any("=native" in word for word in expanded(words))


def search_options(words: Iterable[str]) -> list[str]:
    """Return the arguments that affect which folders a driver searches by default."""
    found, takes = [], False
    for word in words:
        if takes or _LAYOUT.search(word):
            found.append(word)
        takes = not takes and word in {"-isysroot", "--sysroot", "-target", "--target"}
    return found


def header_folders(words: Iterable[str], environment: Mapping[str, str], variables: Iterable[str]) -> list[str]:
    """Return the folders of headers that the words and the environment name, absolute ones alone.

    Args:
        words: response files are read.
        environment: the variables.
        variables: those that name folders, such as `CPATH`.
    """
    found = [path for _, path in _options(expanded(words), _SEARCHED)]
    found += [path for name in variables for path in environment.get(name, "").split(os.pathsep)]
    return [path for path in dict.fromkeys(map(os.path.normpath, filter(os.path.isabs, found)))]  # noqa: C416


def library_candidates(words: Iterable[str], environment: Mapping[str, str], folders: Sequence[str]) -> list[str]:
    """Return every path where a library that the words name with `-l` may lie, in the folders that are searched.

    Args:
        words: `-L` and `-l`, also in response files.
        environment: `LIBRARY_PATH` is read from it.
        folders: those that are searched besides.
    """
    plain = expanded(words)
    own = [path for _, path in _options(plain, ("-L",))]
    own += environment.get("LIBRARY_PATH", "").split(os.pathsep)
    names: list[str] = []
    for _, name in _options(plain, ("-l",)):
        names += [name[1:]] if name.startswith(":") else [f"lib{name}.so", f"lib{name}.a"]
    places = dict.fromkeys(os.path.normpath(path) for path in (*own, *folders) if os.path.isabs(path))  # noqa: PTH117
    return [f"{place}/{name}" for place in places for name in names]


def files_named(words: Iterable[str], base: str) -> list[str]:
    """Return the paths of files that the words name, whether they exist or not.

    Args:
        words: compiler arguments; response files are read, and count as named files.
        base: the folder to which paths are relative.
    """
    found: dict[str, None] = {}
    for word in (*words, *expanded(words)):
        for piece in (word, *_pieces(word)):
            path = os.path.normpath(os.path.join(base, piece))  # noqa: PTH118
            if os.path.isfile(path) or (piece.startswith("/") and not os.path.isdir(path)):  # noqa: PTH112, PTH113
                found[path] = None
    return [*found]


def pgo_folders(words: Iterable[str], base: str) -> list[str]:
    """Return the folders of profiles that the words name: every file in them may count."""
    named = [word.partition("=")[2] for word in expanded(words) if word.startswith(_PROFILES)]
    return [path for piece in named if os.path.isdir(path := os.path.normpath(os.path.join(base, piece)))]  # noqa: PTH112, PTH118


def files_below(folder: str) -> list[str]:
    """Return the files below a folder, as many as may be profiles."""
    found: list[str] = []
    for place, _, names in os.walk(folder):
        found += [f"{place}/{name}" for name in names]
        if len(found) > _MOST:
            break
    return sorted(found)


def portable_arguments(words: Iterable[str], roots: Mapping[str, str]) -> list[str]:
    """Return the words without the folders of this checkout, as far as they only say where something is found.

    A path in a macro or in the search path of the loader is text that goes into the result, so it is left as it is.

    Args:
        words: of a call.
        roots: the token for each folder; of nested folders the inner one counts.
    """
    found: list[str] = []
    before = ""
    for word in words:
        option = next((path for path in _PATHS if word.startswith(path)), "")
        plain = word.startswith("/") and before not in _TEXTS
        linking = word.startswith("-Wl,") and "rpath" not in word and "soname" not in word
        found.append(tokenized(word, roots) if option or plain or linking else word)
        before = word
    return found


def roots(source: str, project: str) -> dict[str, str]:
    """Return what stands in keys for the folders of a checkout, by the folder."""
    found = {project: TOKENS["project"], source: TOKENS["source"]}
    return {folder: token for folder, token in found.items() if folder}


def tokenized(text: str, roots: Mapping[str, str]) -> str:
    """Return the text with the tokens of `roots` in the place of their folders."""
    for root in sorted(filter(None, roots), key=len, reverse=True):
        text = re.sub(rf"{re.escape(root)}(?=/|$|[\s,:;\"'])", lambda _, root=root: roots[root], text)  # type: ignore[misc]
    return text


def local_arguments(words: Iterable[str], roots: Mapping[str, str]) -> list[str]:
    """Return the words with this checkout's folders in the place of their tokens."""
    found = [*words]
    for root, token in roots.items():
        found = [word.replace(token, root) for word in found]
    return found


def _options(words: Sequence[str], options: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each of the options with its value, which stands in the same word or is the next one."""
    following = ""
    for word in words:
        for piece in word[len("-Wl,") :].split(",") if word.startswith("-Wl,") else (word,):
            if following:
                yield following, piece
                following = ""
                continue
            option = next((option for option in options if piece.startswith(option)), "")
            if option and piece != option:
                yield option, piece[len(option) :].removeprefix("=")
            following = option if piece == option else ""


def _pieces(word: str) -> Iterator[str]:
    """Yield the pieces of an argument that may be paths: after an option, `@`, a comma, a colon or an equals sign."""
    for piece in _PIECES.split(word):
        yield piece.removeprefix("@")
        option = next((option for option in _PATHS if piece.startswith(option)), "")
        if option:
            yield piece[len(option) :]
