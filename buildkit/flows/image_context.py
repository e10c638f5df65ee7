"""`invoke image.context`: what an image build is sent and why, what is wrong with its rules, and better ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BudgetError
from buildkit.flows.image import NO_IMAGE, chosen
from buildkit.flows.image_rules import Seen, look, write_proposed
from buildkit.image import sent
from buildkit.image.survey import files_of, rows
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table

SCHEMA = "buildkit.image-context/1"

_MOST_ROWS = 20


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
    seen = [look(config, name) for name in (config.image if write else wanted)]
    written = write_proposed(config, seen, wanted, dry_run=dry_run) if write else []
    for line in written:
        console.say(line)
    if written and not dry_run:
        seen = [look(config, name) for name in wanted]
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


def _verdict(config: Config, seen: Seen) -> Outcome:
    size, budget = seen.scene.context.size, config.image[seen.name].context_budget
    over = bool(budget) and size > budget
    words = f"{in_words(size)}, the budget is {in_words(budget)}" if budget else f"{in_words(size)}, no budget"
    return Outcome(seen.name, "over budget" if over else "within budget", Reason(words))


def _facts(config: Config, seen: Seen) -> Mapping[str, object]:
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
