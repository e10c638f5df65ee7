"""`invoke image.context`: what an image build is sent and why, what is wrong with its rules, and better ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.doors import files, reading
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BudgetError, ImageError
from buildkit.flows.image import NO_IMAGE, chosen
from buildkit.flows.image_inputs import arguments_of, dockerfile_of
from buildkit.image import dockerfile, rules, sent, staging, templates
from buildkit.image.advice.finding import Finding
from buildkit.image.advice.proposal import findings, guarded, settled
from buildkit.image.advice.scene import Scene, within
from buildkit.image.context import ignore_file, ignore_text
from buildkit.image.sources import sources
from buildkit.image.survey import files_of, rows
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table

SCHEMA = "buildkit.image-context/1"

_MOST_ROWS = 20
_IGNORED = ".dockerignore"


@dataclass(frozen=True, slots=True)
class _Seen:
    """One image, looked at."""

    name: str
    scene: Scene
    found: tuple[Finding, ...]
    target: Path


def explain_context(
    config: Config,
    console: Console,
    _environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    write: bool = False,
    dry_run: bool = False,
) -> Report:
    """Look at the build context of each image; no engine is asked.

    Args:
        config: the project.
        console: shows what was written.
        names: the images; all of them if empty.
        write: write the proposed ignore file, and keep the former one.
        dry_run: write nothing.

    Raises:
        ConfigurationError: an image that is not configured, or rules that the builder refuses.
        ImageError: a folder of the context or an ignore file cannot be read, or a proposal would change an image.
        BudgetError: a context is larger than its budget. Its `report` has all of them.
    """
    watch = Stopwatch()
    wanted = chosen(config, names)
    seen = [_look(config, name) for name in (config.image if write else wanted)]
    written = _write(config, seen, wanted, dry_run=dry_run) if write else []
    for line in written:
        console.say(line)
    if written and not dry_run:
        seen = [_look(config, name) for name in wanted]
    outcomes = tuple(_verdict(config, each) for each in seen if each.name in wanted)
    facts = {each.name: _facts(config, each) for each in seen if each.name in wanted}
    report = Report(SCHEMA, outcomes, watch.seconds, {"contexts": facts}, row="image")
    over = [row for row in outcomes if row.result == "over budget"]
    if over:
        raise BudgetError(
            f"the build context of image {over[0].subject} has {over[0].reason}",
            hint="`invoke image.context --write` keeps out what no image needs; the table names the rest",
            report=report,
        )
    return report


def lines(report: Report) -> list[str]:
    """Return what is printed: for each image its numbers, the heaviest folders, and the findings."""
    contexts: Any = report.facts["contexts"]
    out = [] if contexts else [NO_IMAGE]
    for row in report.outcomes:
        about = contexts[row.subject]
        last = about["sent"]["bytes"]
        out += [
            *([""] if out else []),
            f"image {row.subject}: {row.result} ({row.reason})",
            f"  eligible                {_amount(about['eligible'])}",
            f"  needed by COPY          {_amount(about['needed'])}{_more(about['needed']['unknown'])}",
            f"  sent by the last build  {'not known' if last is None else in_words(last)}",
            "",
            *_table(about["folders"]),
        ]
        for each in about["findings"]:
            size = f" [{_amount(each)}]" if each["files"] else ""
            out += ["", f"{each['code']}: {shown(each['place'])}{size}", f"  {shown(each['says'])}"]
            if each["proposal"]:
                held = f"   (not by --write: {each['held_by']})" if each["held_by"] else ""
                out.append(f"  write: {shown(each['proposal'])}{held}")
    return out


def _look(config: Config, name: str) -> _Seen:
    scene = _scene(config, name)
    place = scene.file or config.root / _IGNORED
    return _Seen(name, scene, tuple(findings(scene)), place)


def _scene(config: Config, name: str) -> Scene:
    """Return what is sent for one image, and what takes it; nothing is looked at yet."""
    own = dockerfile_of(config, name)
    place = own or config.root / staging.DOCKERFILE
    text = (own or templates.folder() / staging.DOCKERFILE).read_bytes().decode("utf-8", "surrogateescape")
    given = {**arguments_of(config), **{key: str(value) for key, value in config.engine.build_args.items()}}
    return Scene(
        root=config.root,
        dockerfile=own,
        file=ignore_file(config.root, place),
        lines=_lines(config, name, ignore_text(config.root, place)),
        sources=sources(dockerfile.read(text), given),
    )


def _lines(config: Config, name: str, text: str) -> list[rules.Line]:
    """Return the lines of the rules of one image, if the project's own file has this text."""
    if config.image[name].dockerfile:
        return rules.lines_of_project(text)
    data = os.path.relpath(config.root / config.data.path, config.root)
    return rules.lines_of_suite(staging.suite_rules(), text, data, config.image[name].include)


def _verdict(config: Config, seen: _Seen) -> Outcome:
    size, budget = seen.scene.context.size, config.image[seen.name].context_budget
    over = bool(budget) and size > budget
    words = f"{in_words(size)}, the budget is {in_words(budget)}" if budget else f"{in_words(size)}, no budget"
    return Outcome(seen.name, "over budget" if over else "within budget", Reason(words))


def _facts(config: Config, seen: _Seen) -> Mapping[str, object]:
    scene = seen.scene
    needed = scene.needs
    return {
        "rules": scene.name if scene.file else "",
        "eligible": {"files": files_of(scene.context.entries), "bytes": scene.context.size},
        "needed": {
            "files": files_of(needed.entries),
            "bytes": sum(entry.size for entry in needed.entries),
            "unknown": [source.written for source in needed.unknown],
        },
        "sent": {"bytes": sent.read(sent.place(config.work, seen.name))},
        "budget": config.image[seen.name].context_budget,
        "folders": [
            {
                "path": row.path,
                "kept": row.kept,
                "files": row.files,
                "bytes": row.size,
                "places": row.places,
                "rule": scene.origin(row.rule),
            }
            for row in rows(scene.seen, scene.ignore)[:_MOST_ROWS]
        ],
        "findings": [
            {
                "code": each.code,
                "place": each.place,
                "says": each.says,
                "files": each.files,
                "bytes": each.size,
                "proposal": each.proposal,
                "held_by": each.held_by,
            }
            for each in seen.found
        ],
    }


def _table(folders: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [
        (
            in_words(row["bytes"]).rjust(9),
            str(row["files"]).rjust(7),
            "sent" if row["kept"] else "out",
            shown(row["path"]) + (f" ({row['places']} places)" if row["places"] > 1 else ""),
            shown(row["rule"]) or "no rule",
        )
        for row in folders
    ]
    return table([("bytes", "files", "", "path", "rule"), *found]) if found else []


def _amount(about: Mapping[str, Any]) -> str:
    count = about["files"]
    return f"{in_words(about['bytes'])} in {count:,} {'file' if count == 1 else 'files'}"


def _more(unknown: Sequence[str]) -> str:
    return f", and what is not known: {', '.join(map(shown, unknown))}" if unknown else ""


def _write(config: Config, seen: Iterable[_Seen], wanted: Sequence[str], *, dry_run: bool) -> list[str]:
    """Write the proposed ignore file of each group of images that share one; return what was done.

    A change is made if it takes nothing from any image of the project that the file counts for. What they get is looked
    at anew under the new rules before anything is written.

    Raises:
        ImageError: an image would get something else.
    """
    groups: dict[Path, list[_Seen]] = {}
    for each in seen:
        groups.setdefault(each.target, []).append(each)
    said = []
    for target, group in groups.items():
        if not any(each.name in wanted for each in group):
            continue
        text = _text(target)
        name = group[0].scene.shown(target)

        def look(text: str, group: Sequence[_Seen] = group) -> list[Finding]:
            return _agreed([_under(config, each, text) for each in group], wanted)

        new = settled(text, look, f"/{rules.escaped(name)}.original*" if text else "")
        if new == text:
            continue
        for each in group:
            _require_same(config, each, new)
        place = target.resolve()
        if not place.is_relative_to(config.root.resolve()):
            raise ImageError(
                f"{name} is a link to {place}, outside of the project", hint="make it a file of the project"
            )
        if dry_run:
            said.append(f"{name} would be written")
            continue
        said.append(f"{name} is written{_keep(target)}")
        files.write(place, new.encode("utf-8", "surrogateescape"), mode=0o644)
    return said


def _under(config: Config, seen: _Seen, text: str) -> _Seen:
    """Return an image as it would be if the project's ignore file had this text."""
    scene = replace(seen.scene, lines=_lines(config, seen.name, text))
    return replace(seen, scene=scene, found=tuple(findings(scene)))


def _text(file: Path) -> str:
    """Return the text of an ignore file; empty if there is none."""
    if not file.is_file():
        return ""
    return reading.read_text(file, errors="surrogateescape").removeprefix("\ufeff")


def _agreed(group: Sequence[_Seen], wanted: Sequence[str]) -> list[Finding]:
    """Return the findings of the images asked for; held where a change takes something from another image."""
    found: dict[tuple[object, ...], Finding] = {}
    for each in group:
        if each.name not in wanted:
            continue
        for finding in each.found:
            roots = frozenset(finding.paths)
            others = (other for other in group if other is not each)
            holder = next((other.name for other in others if roots and _takes(other, roots, finding)), "")
            held = finding._replace(held_by=f"image {holder} takes it") if holder else finding
            found.setdefault(finding.changes or (finding.code, finding.place), held)
    return list(found.values())


def _takes(other: _Seen, roots: frozenset[str], finding: Finding) -> bool:
    if other.scene.needs.unknown:
        return True
    paths = other.scene.named if finding.made_again else [entry.path for entry in other.scene.needs.entries]
    return any(within(path, roots) for path in paths)


def _require_same(config: Config, seen: _Seen, text: str) -> None:
    """Check under the new rules that an image gets all that it got, but for what tools make again."""
    after = replace(seen.scene, lines=_lines(config, seen.name, text))
    keeps = {entry.path for entry in guarded(seen.scene, seen.found)}
    now = {entry.path for entry in after.needs.entries}  # with folders: some are there for what is in them alone
    before = {entry.path for entry in seen.scene.needs.entries}
    wrong = sorted((keeps - now) | (now - before))
    if wrong:
        raise ImageError(
            f"the proposed rules would change what image {seen.name} gets, so nothing was written: {shown(wrong[0])}",
            details=[shown(path) for path in wrong[1:10]],
            hint="here the rules depend on each other; make the changes that are named one by one by hand",
        )


def _keep(target: Path) -> str:
    """Keep the former ignore file beside the new one; never in the place of another one that was kept."""
    if not target.is_file():
        return ""
    content = target.read_bytes()
    for number in range(1, 1000):
        place = target.with_name(f"{target.name}.original{'' if number == 1 else f'.{number}'}")
        if place.is_file() and place.read_bytes() == content:
            return f", the former one is {place.name}"
        if not os.path.lexists(place):
            files.write(place, content, mode=0o644)
            return f", the former one is kept as {place.name}"
    raise ImageError(f"{target}.original exists a thousand times", hint="delete some of them")
