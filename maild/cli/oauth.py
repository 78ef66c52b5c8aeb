"""``oauth login|status``: a person lets maild into a mailbox, and whether tokens can be had.

Stands on ``maild.oauth``, beside the daemon, which finds a login at its next try. ``login`` exits 77 where
the provider or the person refuses, 69 where the provider does not answer, and keeps what it was given last;
``status`` exits 1 where any place has no token.
"""

import time
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, read_config, say_json
from maild.oauth import access, login, server
from maild.oauth.access import Place, Standing

Name = Annotated[
    str,
    typer.Argument(metavar="[NAME]", help='A maildrop, or "submission"; without it all that want a login.'),
]


def oauth_login(name: Name = "", config: ConfigOption = None) -> Code:
    """Let a person open a mailbox for maild: a page, a code, and nothing more until it is revoked."""
    for group in _wanted(access.places(read_config(config)), name):
        way = group[0].access
        invitation = server.invite(way.grant)
        names = ", ".join(place.name for place in group)
        typer.echo(f"Open {invitation.page} and type {invitation.code}, as {way.user} ({names}).")
        typer.echo(f"Waiting for {invitation.seconds / 60:.0f} minutes at most; Ctrl-C ends it.")
        login.await_login(way, invitation, lambda: datetime.now(UTC), time.sleep)
        # Where that is tells whether the daemon looks there: its state may be relative to where it runs.
        kept = way.vault.file.parent.absolute()
        typer.echo(f"{way.user}: logged in, which is kept in {kept}. Next: `maild doctor`.")
    return Code.OK


def _wanted(places: tuple[Place, ...], name: str) -> list[list[Place]]:
    """The places that want a login, those together that one login opens."""
    known = {place.name.removeprefix("maildrop "): place for place in places}
    if name and name not in known:
        remedy = f'those with auth = "oauth": {", ".join(known) or "none"}'
        raise Stop(Code.NO_INPUT, f'nothing called "{name}" is opened by tokens', remedy)
    chosen = [known[name]] if name else places
    by_person = [place for place in chosen if place.access.grant.flow == "device"]
    if not by_person:
        remedy = '`maild oauth status` tries the others; flow = "device" wants a person'
        raise Stop(Code.USAGE, "nobody has to log in", remedy)
    by_file = sorted(by_person, key=lambda place: place.access.vault.file)
    return [list(group) for _, group in groupby(by_file, key=lambda place: place.access.vault.file)]


def oauth_status(config: ConfigOption = None, as_json: JsonOption = False) -> Code:
    """Ask for a token for each place that is opened by tokens; the mail servers are not asked."""
    places = access.places(read_config(config))
    found = [(place, access.standing(place.access)) for place in places]
    for place, standing in found:
        _say(place, standing, as_json=as_json)
    if not found and not as_json:
        typer.echo('Nothing is opened by tokens: neither a maildrop nor [submission] has auth = "oauth".')
    return Code.NO if any(standing.problem for _, standing in found) else Code.OK


def _say(place: Place, standing: Standing, *, as_json: bool) -> None:
    grant, user = place.access.grant, place.access.user
    how = "service_account" if grant.provider == "google" else grant.flow
    if as_json:
        say_json(
            {"place": place.name, "user": user, "provider": grant.provider, "host": place.host, "flow": how,
             "ok": not standing.problem, "until": standing.until, "problem": standing.problem,
             "remedy": standing.remedy}
        )  # fmt: skip
        return
    verdict = "FAIL" if standing.problem else "ok"
    typer.echo(f"{verdict:4}  {place.name:18}  {user}: tokens of {place.host} ({how})")
    if standing.problem:
        typer.echo(f"{'':26}{standing.problem}\n{'':26}-> {standing.remedy}")
    elif standing.until is not None:
        typer.echo(f"{'':26}this one lasts until {standing.until:%Y-%m-%d %H:%M} UTC")
