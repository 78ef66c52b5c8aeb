"""The gate in front of every automatic answer: each objection has its row."""

from typing import Any

import pytest

from maild.arrival import Source
from maild.decide import autoresponse
from maild.decide.facts import Spent
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail, parse_mail
from tests.maild.decide.cases import DESK, HOUR, NOON, facts, mail, policy, token

REPORT = (
    'From: MAILER-DAEMON@x.test\r\nContent-Type: multipart/report; report-type={}; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/{}\r\n\r\n{}\r\n--b--\r\n"
)
DSN = "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n"
MDN = "Final-Recipient: rfc822; a@b\r\nDisposition: automatic-action/MDN-sent-automatically; deleted\r\n"

SPENT = Spent(scope="recipient", allowed=3, used=3, span="1h")
LEFT = Spent(scope="domain", allowed=9, used=1, span="1h")

ROWS: dict[str, tuple[str, ParsedMail, dict[str, Any]]] = {
    "nobody": ("no_sender", mail(sender=""), {}),
    "a daemon without domain": ("no_sender", mail(sender="cron"), {}),
    "null return path": ("null_return_path", mail(Return_Path="<>"), {}),
    "bounce": ("report", parse_mail(REPORT.format("delivery-status", "delivery-status", DSN).encode()), {}),
    "read receipt": (
        "report",
        parse_mail(
            REPORT.format("disposition-notification", "disposition-notification", MDN).encode()
        ),
        {},
    ),
    "auto-replied": ("auto_submitted", mail(Auto_Submitted="auto-replied"), {}),
    "auto-generated": ("auto_submitted", mail(Auto_Submitted="auto-generated; x=y"), {}),
    "x-autoreply": ("auto_submitted", mail(X_Autoreply="yes"), {}),
    "precedence bulk": ("precedence", mail(Precedence="bulk"), {}),
    "precedence list": ("precedence", mail(Precedence="list"), {}),
    "precedence junk": ("precedence", mail(Precedence="Junk"), {}),
    "precedence auto_reply": ("precedence", mail(Precedence="auto_reply"), {}),
    "suppress all": ("suppressed", mail(X_Auto_Response_Suppress="All"), {}),
    "suppress some": ("suppressed", mail(X_Auto_Response_Suppress="DR, AutoReply"), {}),
    "list id": ("mailing_list", mail(List_Id="<l.x>"), {}),
    "list unsubscribe": ("mailing_list", mail(List_Unsubscribe="<mailto:x@y>"), {}),
    "noreply": ("nobody_reads", mail(sender="no-reply@x.test"), {}),
    "ne pas répondre": ("nobody_reads", mail(sender="facture.ne-pas-repondre@x.test"), {}),
    "niet antwoorden": ("nobody_reads", mail(sender="nietantwoorden@x.test"), {}),
    "postmaster": ("nobody_reads", mail(sender="Postmaster@x.test"), {}),
    "bounces": ("nobody_reads", mail(sender="bounces+1234=jean@x.test"), {}),
    "a list's bounces": ("nobody_reads", mail(sender="team-bounces@x.test"), {}),
    "our address": ("ourselves", mail(sender=DESK), {}),
    "our alias": ("ourselves", mail(sender="Helpdesk@ETNIC.test"), {}),
    "our own mail": ("ourselves", mail(sender=DESK, X_Maild=token(Purpose.SELF)), {}),
    "spam flag": ("spam", mail(X_Spam_Flag="YES"), {}),
    "found in junk": ("spam", mail(), {"source": Source.JUNK}),
    "dmarc fail": (
        "forged",
        mail(Authentication_Results="mx.etnic.test; dmarc=fail header.from=ecole.test"),
        {},
    ),
    "muted": ("muted", mail(), {"muted": "mail to it came back (5.1.1)"}),
    "old": ("too_old", mail(), {"arrived_at": NOON - 25 * HOUR}),
    "filed by a state that is lost": ("answered_before", mail(), {"filed_before": True}),
    "over budget": (
        "over_budget",
        mail(),
        {"spent": (LEFT, SPENT)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("objection", "read", "known"), ROWS.values(), ids=ROWS)
def test_an_objection_is_made(objection: str, read: ParsedMail, known: dict[str, Any]) -> None:
    """By the function that is there for it, and by the gate as a whole."""
    test = getattr(autoresponse, objection)
    why = test(read, facts(**known), policy())
    assert why
    assert why in autoresponse.objections(read, facts(**known), policy())


@pytest.mark.parametrize(
    ("read", "known"),
    [
        (mail(), {}),
        (mail(Auto_Submitted="no"), {}),
        (mail(X_Auto_Response_Suppress="OOF"), {}),
        (mail(sender="noreen@x.test"), {}),
        (mail(sender="jean.abuse.dupont@x.test"), {}),
        (mail(Return_Path="<jean@ecole.test>"), {}),
        (mail(Authentication_Results="mx.forger.test; dmarc=fail header.from=ecole.test"), {}),
        (mail(Precedence="first-class"), {}),
        (mail(), {"arrived_at": NOON - 23 * HOUR}),
        (mail(), {"spent": (Spent(scope="recipient", allowed=3, used=2, span="1h"),)}),
    ],
)
def test_a_person_is_answered(read: ParsedMail, known: dict[str, Any]) -> None:
    """Whatever looks a little like an objection."""
    assert autoresponse.objections(read, facts(**known), policy()) == ()


def test_every_objection_has_a_row() -> None:
    """Adding one means adding its row here."""
    tested = {objection for objection, _, _ in ROWS.values()}
    assert tested == {objection.__name__ for objection in autoresponse.OBJECTIONS}
