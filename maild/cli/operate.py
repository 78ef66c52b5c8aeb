"""Operate the desk: run it, rehearse it, ask whether it is well.

Stands on ``daemon``. ``run`` logs to standard error and exits 0 when it was asked to end, 75 where another
process has the state; ``run --once`` exits 0 when the pass was made, 69 when no maildrop could be reached.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maild import heap
from maild.cli import Code, ConfigOption, JsonOption, Stop, check_config, read_config, say_json

if TYPE_CHECKING:
    from maild.config import Config
    from maild.decide.troubles import Trouble


def run(
    config: ConfigOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="One pass of everything that is due, then end.")
    ] = False,
) -> int:
    """The daemon: take every mail, send receipts, watch the limit."""
    with heap.growing():
        from maild import daemon, log
        from storage.database import SchemaTooNew

    def read() -> "Config":
        settings = read_config(config)
        log.configure(settings.log.format, settings.log.level, mask_addresses=settings.log.mask_addresses)
        return settings

    settings = read()
    try:
        if once:
            return Code.OK if daemon.once(settings) else Code.UNREACHABLE
        daemon.run(settings, read)
    except daemon.Locked as error:
        raise Stop(Code.TRY_LATER, str(error), "one process serves a desk") from error
    except SchemaTooNew as error:
        raise Stop(
            Code.CONFIG, str(error), "install the later version again, or restore the backup"
        ) from error
    return Code.OK


def demo(
    config: ConfigOption = None,
    seconds: Annotated[
        int, typer.Option("--seconds", metavar="N", min=1, max=600, help="How long it may take at most.")
    ] = 45,
) -> int:
    """A rehearsal on this machine: a mail room, people who write, an agent, a late ticket. No set-up."""
    check_config(config)
    try:
        from maild.demo import stage
    except ModuleNotFoundError as error:
        raise Stop(Code.UNREACHABLE, f"the rehearsal needs {error.name}", "install maild[demo]") from error
    return Code.OK if stage.play(seconds=seconds) else Code.NO


def status(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing; only the exit code.")] = False,
) -> int:
    """Whether mail is taken in, mail leaves, and no limit passes unheard; exit 1 when something is wrong."""
    from maild import daemon

    settings = read_config(config)
    found = _status(settings, daemon.system_now())
    if not quiet:
        _print_status(found, as_json=as_json)
    return Code.OK if not found["problems"] else Code.NO


def _status(settings: "Config", now: datetime) -> dict[str, Any]:
    """Judged by facts, as the daemon's alarm judges; what only the daemon can know, by what it has told."""
    from maild import condition
    from maild.cli import look
    from storage import outbox

    with look.ledger(settings) as store, store.read() as tx:
        polled = {drop.name: drop.polled_at for drop in tx.maildrops()}
        judged = condition.judged(tx, settings, now)
        counts, owed, oldest = tx.backlog_counts(), outbox.counts(tx), outbox.waiting(tx, since=now)
    found = {trouble.name: trouble for trouble in judged.troubles}
    problems = list(judged.problems)
    drops = {
        name: _drop_status(drop, polled.get(name), now) | {"problem": _problem(found, name)}
        for name, drop in settings.maildrop.items()
    }
    return {
        "ok": not problems, "problems": problems, "maildrops": drops, "unfiled": counts["unfiled"],
        "quarantined": counts["quarantined"],
        "open": counts["open"], "near_limit": counts["near_limit"], "breached": counts["breached"],
        "next_due": counts["next_due"], "outbox": owed, "oldest_unsent": oldest.due_at,
        "troubles": [{"name": t.name, "since": t.since, "detail": t.detail} for t in found.values()],
    }  # fmt: skip


def _problem(found: Mapping[str, "Trouble"], drop: str) -> str:
    about = (f"login:maildrop {drop}", f"maildrop:{drop}")
    return next((found[name].detail for name in about if name in found), "")


def _drop_status(drop: Any, at: datetime | None, now: datetime) -> dict[str, Any]:
    """A door is never polled: what counts is when it last stood open."""
    return {"kind": drop.kind, "polled_at": at, "lag_s": round((now - at).total_seconds()) if at else None}


def _print_status(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    lines = ["ok" if found["ok"] else "NOT WELL", *(f"  {problem}" for problem in found["problems"])]
    for name, drop in found["maildrops"].items():
        word = "polled" if drop["kind"] == "imap" else "open"
        lines.append(
            f"maildrop {name}: " + (f"{word} {drop['lag_s']} s ago" if drop["polled_at"] else f"not {word}")
        )
    owed = ", ".join(f"{count} {state}" for state, count in sorted(found["outbox"].items())) or "empty"
    lines.append(
        f"tickets: {found['open']} open, {found['near_limit']} near the limit, {found['breached']} past it"
    )
    lines.append(
        f"next limit: {found['next_due'].isoformat(timespec='seconds') if found['next_due'] else 'none'}"
    )
    unread = f"; in quarantine: {found['quarantined']}" if found["quarantined"] else ""
    lines.append(f"outbox: {owed}; not filed yet: {found['unfiled']}{unread}")
    typer.echo("\n".join(lines))
