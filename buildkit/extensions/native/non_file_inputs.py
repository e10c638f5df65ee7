"""Inputs that are no files: what a driver does with arguments, environment variables, the checkout's path, the machine.

Each has a name, which stands among the names of headers and of read files; its digest is computed from its value on
this machine:

    driver 0 c ["-march=native"]   what the first C compiler would run for these words
    variable SOURCE_DATE_EPOCH     its value, for what says when it was made
    root source                    the folder, for what has the folder's name in it
    machine UNAME_MACHINE          one of the names of the machine that Cython puts in place of its own
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from buildkit.compile import arguments
from buildkit.compile.places import Places
from buildkit.core.fingerprint import digest_bytes
from buildkit.model import ABSENT, Digest

if TYPE_CHECKING:
    from buildkit.compile.toolchain import Toolchain

PLUS_PLUS_AT = "+"
"""Stands for the number of the compiler where it is that of C++."""

_HARMLESS = re.compile(
    r"-(?:[mODUIgLlEB].*|[scw]|W[\w,=+/.-]*|std=.*|shared|static|pipe|pthread|x|f(?!plugin|dump).*"
    r"|isystem|iquote|idirafter|include|imacros)|[^-@].*"
)


class NonFileInputs:
    """The digests of a build's inputs that are no files.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        roots: the token that replaces each folder of the checkout in keys.
        environment: the variables.
    """

    def __init__(
        self, toolchain: Toolchain, places: Places, roots: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._environment = environment
        self._known: dict[str, Digest] = {}
        self._own: set[str] = set()
        self.roots = roots

    def digest(self, name: str) -> Digest:
        """Return the digest of the input with this name, which begins with one of `places.NOT_FILES`."""
        known = self._known.get(name)
        if known is None:
            kind, _, rest = name.partition(" ")
            try:
                known = getattr(self, f"_{kind}")(rest)
            except (ValueError, TypeError, RecursionError):  # a question that this version does not ask
                known = ABSENT
            self._known[name] = known
        return known

    def driver_input(self, at: str, language: str, words: Iterable[str]) -> str:
        """Return the name of the input "what this driver does with these arguments", about which it may be asked then.

        Args:
            at: the number of the compiler, or `PLUS_PLUS_AT`.
            language: `c`, `c++`, or `link`.
            words: of the call.
        """
        said = arguments.portable_arguments(words, self.roots)
        self._own.update(said)
        return f"driver {at} {language} {json.dumps(said)}"

    def _driver(self, rest: str) -> Digest:
        """Return the digest of a driver's answer.

        Arguments from another machine's record are passed to it only if they are known to be harmless.
        """
        at, language, said = rest.split(" ", 2)
        if not all(word in self._own or _HARMLESS.fullmatch(word) for word in json.loads(said)):
            return ABSENT
        tools = self._toolchain.compilers
        tool = (
            self._toolchain.plus_plus.compiler
            if at == PLUS_PLUS_AT
            else tools[int(at)]
            if int(at) < len(tools)
            else None
        )
        if tool is None:
            return ABSENT
        command = (*tool.driver, *arguments.local_arguments(json.loads(said), self.roots))
        return self._toolchain.drivers.digest_of_commands(command, "" if language == "link" else language, self.roots)

    def _variable(self, name: str) -> Digest:
        value = self._environment.get(name)
        return ABSENT if value is None else digest_bytes(os.fsencode(value))

    def _root(self, kind: str) -> Digest:
        return digest_bytes(os.fsencode(self._places.source if kind == "source" else self._places.project))

    def _machine(self, name: str) -> Digest:
        import platform  # noqa: PLC0415 - few sources ask

        fields = {"SYSNAME": "system", "NODENAME": "node"}
        field = name.removeprefix("UNAME_")
        return digest_bytes(str(getattr(platform.uname(), fields.get(field, field.lower()), "")).encode())
