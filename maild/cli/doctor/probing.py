"""What became of a mail to ourselves: whether it came back, how it looked, and what the clocks say.

Stands on ``maild.probe``, which sends and finds it. Only where the operator asks for it: a mail leaves, and
stays in the mailbox.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild import config, probe
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok, warn
from maild.cli.doctor.mailboxes import entered
from maild.config import Config, ImapMaildrop
from maild.oauth import access, bearer
from maild.probe import Back, Probe, Watch
from maild.receive.mailbox import Unreachable
from maild.send.courier import Sent
from maild.send.smtp import SmtpCourier

CHECK = "probe"
PATIENCE = timedelta(seconds=60)
PAUSE_SECONDS = 0.5
# The limit counts from the mailbox's clock: half a minute is nothing, a wrong zone is an hour.
_SKEW, _WRONG_ZONE = timedelta(seconds=30), timedelta(minutes=15)


def probed(settings: Config, _file: Path) -> Iterator[Finding]:
    """A mail to the desk's address and one to a plus-address, through the real servers."""
    drops = [drop for drop in settings.maildrop.values() if isinstance(drop, ImapMaildrop)]
    if not drops:
        found = "no mailbox to look into: mail is handed in at a door"
        remedy = f"write to {settings.desk.address} and look by `maild trace`"
        yield warn(CHECK, Fault.PROBE_NOWHERE, found, remedy)
        return
    try:
        yield from _through(settings, drops[0])
    except (Unreachable, bearer.Refused, bearer.Unreachable, config.ConfigError) as error:
        yield fail(CHECK, Fault.PROBE_UNREACHABLE, str(error), "mend what is said of this maildrop above")


def _through(settings: Config, drop: ImapMaildrop) -> Iterator[Finding]:
    desk = config.policy(settings).desk
    folders = [name for name in (drop.folder, drop.junk, drop.done) if name]
    plain, plus = desk.address, probe.plus_address(desk.address)
    with entered(drop, settings.state.directory) as mailbox:
        watch = Watch(mailbox=mailbox, folders=folders, now=_now).begun()
        server = settings.submission
        courier = SmtpCourier(server, access.key_to(server, settings.state.directory), plain)
        sent, refusal = _sent([probe.written(desk, to, _now()) for to in (plain, plus)], courier)
        if all(letter.to != plain for letter in sent):
            found = f"a mail to {plain} was not taken: {refusal}"
            yield fail(CHECK, Fault.PROBE_NOT_TAKEN, found, "see submission above")
            return
        until = _now() + PATIENCE
        back = probe.awaited(watch, sent, until=until, pause=lambda: time.sleep(PAUSE_SECONDS))
    yield from _plain(back.get(plain), settings, drop)
    yield _plus(back.get(plus), settings)


def _sent(letters: list[Probe], courier: SmtpCourier) -> tuple[list[Probe], str]:
    """Those that were taken, and what was said of the first that was not."""
    try:
        outcomes = [courier.send(letter.entry) for letter in letters]
    finally:
        courier.rest()
    refusals = [outcome.reply for outcome in outcomes if not isinstance(outcome, Sent)]
    taken = [letter for letter, out in zip(letters, outcomes, strict=True) if isinstance(out, Sent)]
    return taken, next(iter(refusals), "")


def _now() -> datetime:
    return datetime.now(UTC)


def _plain(back: Back | None, settings: Config, drop: ImapMaildrop) -> Iterator[Finding]:
    """What is told of the mail to the desk's own address."""
    if back is None:
        seconds = int(PATIENCE.total_seconds())
        found = f"a mail to {settings.desk.address} did not come into {drop.folder} within {seconds} seconds"
        remedy = f"see where the server puts what is for {settings.desk.address}; a filter may have taken it"
        yield fail(CHECK, Fault.PROBE_LOST, found, remedy)
        return
    after = (back.seen_at - back.probe.sent_at).total_seconds()
    if back.folder == drop.junk:
        remedy = f"let the server take what {settings.desk.address} sends for no spam (SPF, DKIM)"
        found = f"a mail to ourselves was taken for spam: it lies in {drop.junk}"
        yield warn(CHECK, Fault.PROBE_JUNK, found, remedy)
    else:
        yield ok(CHECK, f"a mail to ourselves came into {back.folder} after {after:.1f} s; it can be deleted")
    yield _identity(back)
    yield _authentication(back, settings)
    yield _skew("the mailbox", back.skew_of_mailbox)
    yield _skew("the submission server", back.skew_of_submission)


def _identity(back: Back) -> Finding:
    if not back.kept_its_mark:
        found = "a server removes the header X-Maild: copies of our own mail would become tickets"
        remedy = "let the servers leave headers of mail from here as they are"
        return fail(CHECK, Fault.PROBE_WITHOUT_MARK, found, remedy)
    if not back.kept_its_id:
        found = f"a server gives our mail other Message-IDs: <{back.mail.message_id}>"
        remedy = "nothing to mend; replies are then known by their token, or by the number"
        return warn(CHECK, Fault.PROBE_RENAMED, found, remedy)
    return ok(CHECK, "its Message-ID came back as it was")


def _authentication(back: Back, settings: Config) -> Finding:
    """Whose Authentication-Results there are, and whether it is believed."""
    names, trusted = back.authserv_ids, {name.casefold() for name in settings.security.trusted_authserv_ids}
    if not names:
        what = "no Authentication-Results: servers often write none in mail from inside"
        return Finding(check=CHECK, verdict="ok", found=what, remedy="look at a mail that came from outside")
    if names[0].casefold() in trusted:
        return ok(CHECK, f"Authentication-Results are written by {names[0]}, which is trusted")
    found = f"Authentication-Results are written by {names[0]}, which trusted_authserv_ids does not name"
    remedy = f'if that is your server, write trusted_authserv_ids = ["{names[0]}"]'
    return warn(CHECK, Fault.PROBE_SERVER_UNTRUSTED, found, remedy)


def _skew(whose: str, skew: timedelta) -> Finding:
    seconds = int(abs(skew.total_seconds()))
    if abs(skew) < _SKEW:
        return ok(CHECK, f"the clock of {whose} agrees with ours")
    found = f"the clock of {whose} is {seconds} s {'behind' if skew < timedelta(0) else 'ahead of'} ours"
    remedy = "let NTP keep both clocks; limits count from the mailbox's"
    if abs(skew) >= _WRONG_ZONE:
        return fail(CHECK, Fault.CLOCK_WRONG, found, remedy)
    return warn(CHECK, Fault.CLOCK_APART, found, remedy)


def _plus(back: Back | None, settings: Config) -> Finding:
    address, used = settings.desk.address, settings.desk.plus_addresses
    sample = address.replace("@", "+token@", 1)
    if back is not None:
        more = "" if used else ": plus_addresses = true can be set"
        return ok(CHECK, f"mail to {sample} comes to {address}{more}")
    if used:
        found = f"mail to {sample} does not come: replies to our letters are lost"
        remedy = "set plus_addresses = false, or let the server know such addresses"
        return fail(CHECK, Fault.NO_PLUS_ADDRESSES, found, remedy)
    return ok(CHECK, f"mail to {sample} does not come: leave plus_addresses = false")
