"""One requirement of a project as it is declared, by PEP 508 or in Poetry's own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.dependencies.names import normalized


class BadNeed(ValueError):  # noqa: N818 - a fact
    """A requirement that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement.

    Args:
        name: the package, normalized.
        specifiers: what is asked of its version: any of these; `""` admits all.
        marker: where it is needed; everywhere if empty.
        extras: the extras of the package, normalized.
        direct: the address or path that it comes from; empty for an index.
    """

    name: str
    specifiers: tuple[str, ...] = ("",)
    marker: str = ""
    extras: tuple[str, ...] = ()
    direct: str = ""

    def admits(self, version: str) -> bool:
        """Return whether a version is one of those that are asked for; versions that are none are admitted."""
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - no start-up pays for it
        from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - the same

        try:
            Version(version)
        except InvalidVersion:
            return True
        return any(SpecifierSet(each).contains(version, prereleases=True) for each in self.specifiers)

    def __str__(self) -> str:
        """Return it as a requirement that an installer takes; alternatives that it cannot say are joined by `|`."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        asked = f" @ {self.direct} " if self.direct else "|".join(self.specifiers)
        return f"{self.name}{extras}{asked}{f' ; {self.marker}' if self.marker else ''}".rstrip()


def of_text(text: str) -> Need:
    """Return the requirement that a text declares (PEP 508).

    Raises:
        BadNeed: it is not valid.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - no start-up pays for it

    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        raise BadNeed(f'requirement "{text}": {str(error).splitlines()[0]}') from None
    return Need(
        normalized(found.name),
        (str(found.specifier),),
        str(found.marker or ""),
        tuple(sorted(normalized(extra) for extra in found.extras)),
        found.url or "",
    )


def of_poetry(name: str, value: object) -> list[Need]:
    """Return what one key of [tool.poetry.dependencies] declares: a version, a table, or a list of tables.

    Raises:
        BadNeed: it is of no such form.
    """
    if isinstance(value, list):
        return [need for each in value for need in of_poetry(name, each)]
    if isinstance(value, str):
        return [Need(normalized(name), specifiers(value))]
    if not isinstance(value, Mapping):
        raise BadNeed(f"{name} is declared by {type(value).__name__}; it takes a version or a table")
    extras = value.get("extras", [])
    if not isinstance(extras, list) or not all(isinstance(each, str) for each in extras):
        raise BadNeed(f"{name}: extras is no list of texts")
    return [
        Need(
            normalized(name),
            specifiers(_text(name, value, "version")),
            " and ".join(f"({each})" for each in _conditions(name, value)),
            tuple(sorted(map(normalized, extras))),
            _direct(name, value),
        )
    ]


def _conditions(name: str, value: Mapping[str, Any]) -> list[str]:
    found = []
    if marker := _text(name, value, "markers"):
        found.append(marker)
    if python := _text(name, value, "python"):
        alternatives = specifiers(python)
        found += [] if "" in alternatives else [" or ".join(f"({of_pythons(each)})" for each in alternatives)]
    if platform := _text(name, value, "platform"):
        found.append(f"sys_platform == '{platform}'")
    return found


def of_pythons(specifier: str) -> str:
    """Return the marker that says of a Python what a specifier says of a version, such as `>=3.10,<4`."""
    return " and ".join(_of_one(part.strip()) for part in specifier.split(",") if part.strip())


def _of_one(part: str) -> str:
    sign = part[: len(part) - len(part.lstrip("<>=!~"))]
    number = part[len(sign) :].strip()
    variable = "python_version" if number.endswith(".*") else "python_full_version"
    return f"{variable} {sign} '{number.removesuffix('.*') if variable == 'python_version' else number}'"


def _direct(name: str, value: Mapping[str, Any]) -> str:
    if git := _text(name, value, "git"):
        return f"git+{git}"
    return _text(name, value, "url") or _text(name, value, "path")


def _text(name: str, value: Mapping[str, Any], key: str) -> str:
    found = value.get(key, "")
    if not isinstance(found, str):
        raise BadNeed(f"{name}: {key} is no text")
    return found


def specifiers(constraint: str) -> tuple[str, ...]:
    """Return the specifiers (PEP 440), any of which admits what a constraint of Poetry admits.

    Poetry has `^1.2` (up to the next number before which only zeros stand), `~1.2`, `1.*`, bare versions, and `||`.

    Raises:
        BadNeed: it is of no such form.
    """
    alternatives = [each.strip() for each in constraint.replace("||", "|").split("|")]
    return tuple(dict.fromkeys(_specifier(each) for each in alternatives))


def _specifier(constraint: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - no start-up pays for it
    from packaging.version import InvalidVersion  # noqa: PLC0415 - the same

    parts = _spaced(constraint)
    try:
        return str(SpecifierSet(",".join(word for part in parts for word in _words(part))))
    except (InvalidSpecifier, InvalidVersion, ValueError):
        raise BadNeed(f'version "{constraint}" is none that is known here') from None


def _spaced(constraint: str) -> list[str]:
    """Return the parts that hold together, which commas or spaces separate; a sign may stand apart."""
    parts: list[str] = []
    for word in constraint.replace(",", " ").split():
        if parts and parts[-1].strip("<>=!~^") == "":
            parts[-1] += word
        else:
            parts.append(word)
    return parts


def _words(part: str) -> list[str]:
    from packaging.version import Version  # noqa: PLC0415 - no start-up pays for it

    if part == "*":
        return []
    if part[0] == "^" or (part[0] == "~" and not part.startswith("~=")):
        low = part[1:]
        numbers = list(Version(low).release)
        if part[0] == "^":
            at = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        else:
            at = min(1, len(numbers) - 1)
        above = [*numbers[:at], numbers[at] + 1]
        return [f">={low}", f"<{'.'.join(map(str, above))}"]
    if part[0] in "<>!~":
        return [part]
    if part[0] == "=":
        return [part if part.startswith("==") else f"={part}"]
    return [f"=={part}"]
