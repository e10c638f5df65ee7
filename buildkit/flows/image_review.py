"""What is found in the text of a project's own Dockerfile, as its image is built."""

from __future__ import annotations

from collections.abc import Iterator

from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.doors import reading
from buildkit.flows.image_own import own_of, relative
from buildkit.image import dockerfile, rules
from buildkit.image.adoption import Declared, left_out
from buildkit.image.context import ignore_text, scan
from buildkit.image.ignore.lines import parse
from buildkit.image.point import Point
from buildkit.image.review.build import Build
from buildkit.image.review.checks import allowed, review
from buildkit.image.review.finding import Remark
from buildkit.image.review.secrets import taken
from buildkit.image.secrets import redacted
from buildkit.image.serving import AUTO

_WIDEST = 2000
_USUAL = "Dockerfile"
_MOST_LEFT = 12


def points(config: Config, name: str) -> Iterator[Point]:
    """Yield what is found as points of `image.check`: a fault, or advice; credentials are left out."""
    place, found = reviewed(config, name)
    for each in found:
        where, says = f"{each.place(place)} {each.code}", _plain(each.says)
        remedy = tuple(map(_plain, each.remedy))
        yield Point(where, wrong=says if each.wrong else "", found=says, advice=not each.wrong, remedy=remedy)


def reviewed(config: Config, name: str) -> tuple[str, list[Remark]]:
    """Return the project's own Dockerfile of one image, relative to the project, with what is found in its text.

    Raises:
        ConfigurationError: it is not there.
        ImageError: a folder of the context, or the ignore file, cannot be read.
    """
    file = own_of(config, name)
    if file is None:
        return "", []
    build = Build(config.root, file.parsed, file.given, file.target)
    ignore = parse(rules.of_project(ignore_text(config.root, file.place)), ".dockerignore")
    entries = scan(config.root, ignore).entries
    text = file.content.decode("utf-8", "replace")
    found = [*review(build, text), *taken(build, (entry.path for entry in entries))]
    return relative(config, file.place), [
        each for each in found if each.file or each.code not in allowed(text, each.line)
    ]


def said_of_review(config: Config, name: str) -> Iterator[str]:
    """Yield a line for each fault in the text of a Dockerfile, and one that counts the rest."""
    place, found = reviewed(config, name)
    wrong = [each for each in found if each.wrong]
    for each in wrong:
        yield f"image {name}: {each.place(place)} {each.code}: {_plain(each.says)}"
    if rest := len(found) - len(wrong):
        codes = ", ".join(dict.fromkeys(each.code for each in found if not each.wrong))
        yield f"image {name}: {place} could be better in {rest} places ({codes}): `invoke image.check` says how"


def said_of_other(config: Config, name: str) -> Iterator[str]:
    """Yield lines for what is not taken over of a Dockerfile of the project, where the suite's is built."""
    place = config.root / _USUAL
    settings = config.image[name]
    if not place.is_file() or len(config.image) > 1:
        return
    text = reading.read_text(place, errors="replace")
    parsed = dockerfile.read(text)
    declared = Declared(
        settings.command,
        settings.port,
        settings.environment,
        settings.system_packages,
        settings.writable,
        assets=bool(settings.assets),
        health=settings.health != AUTO,
    )
    found = [*dict.fromkeys(left_out(Build(config.root, parsed, {}), declared))]
    if found:
        built = f'is not what is built (dockerfile = "{_USUAL}" builds it)'
        yield f"image {name}: {_USUAL} {built}; of it is not taken over:"
    for line, words in found[:_MOST_LEFT]:
        yield f"{'':20}{_USUAL}:{line}  {_plain(words)}"
    if len(found) > _MOST_LEFT:
        yield f"{'':20}and {len(found) - _MOST_LEFT} more"


def _plain(text: str) -> str:
    return shown(redacted(text), _WIDEST)
