"""The submission courier: one kept connection, one mail after the other; the only door to smtplib.

Stands under ``outbox``. What the server says, or does not say, comes back as an ``Outcome`` (RFC 5321
4.2.1): 4yz and silence are ``Deferred``, 5yz to recipient or data is ``Refused``, 5yz to our login or sender
is ``Misconfigured``. What happens at QUIT is of no interest: a mail that was accepted is accepted.
"""

import math
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from maild import steps
from maild.config import ConfigError
from maild.line import Line, hang_up
from maild.oauth import bearer as tokens
from maild.oauth import sasl
from maild.oauth.access import Access
from maild.oauth.bearer import Bearer
from maild.oauth.sasl import Showing
from maild.send.courier import Deferred, Misconfigured, Outcome, Refused, Sent
from maild.steps import Step
from storage.records import OutboxEntry

# RFC 5321 4.5.3.2.6 gives the server ten minutes for the reply to the dot.
DOT_PATIENCE = 10
LONGEST_PATIENCE = 600.0
# Servers end connections of their own accord after so many mails; doing it first costs nothing.
MAILS_A_CONNECTION = 100
CONNECT_SECONDS = 15.0
# So much of what is said of a try is kept: a reply, or what to click.
_SAID = 1000
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class SmtpCourier:
    """Holds the connection between two mails; of one thread only.

    Args:
        submission: ``config.Submission``.
        key: the password or the access to tokens, asked for at each login.
        sender: MAIL FROM: the desk's address, so that bounces come back to it.
        line: what cuts an exchange that lasts too long; without one nothing does.
    """

    def __init__(
        self, submission: Any, key: Callable[[], str | Access], sender: str, line: Line | None = None
    ) -> None:
        self._line = line or Line(math.inf)
        self._submission = submission
        self._key = key
        self._sender = sender
        self._connection: smtplib.SMTP | None = None
        self._carried = 0

    def send(self, entry: OutboxEntry) -> Outcome:
        """Try once; a kept connection that the server has closed meanwhile is made anew."""
        fresh = self._connection is None
        outcome = self._try(entry)
        if isinstance(outcome, Deferred) and outcome.unreachable and not outcome.ambiguous and not fresh:
            outcome = self._try(entry)
        return outcome

    def rest(self) -> None:
        """Say goodbye; the answer does not matter."""
        connection, self._connection = self._connection, None
        self._carried = 0
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _try(self, entry: OutboxEntry) -> Outcome:
        if self._carried >= MAILS_A_CONNECTION:
            self.rest()
        try:
            if self._connection is None:
                self._connection = connect(self._submission, self._key())
            connection = self._connection
            with self._line.exchange(lambda: hang_up(connection.sock)):
                outcome = self._exchange(connection, entry)
        except (smtplib.SMTPException, OSError, ConfigError, tokens.Refused, tokens.Unreachable) as error:
            outcome = _fault(error)
        if isinstance(outcome, Deferred) and outcome.unreachable:
            self._drop()
        self._carried += 1
        return outcome

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._carried = 0
        if connection is not None:
            connection.close()

    def _exchange(self, connection: smtplib.SMTP, entry: OutboxEntry) -> Outcome:
        if not entry.recipient.isascii() and not connection.has_extn("smtputf8"):
            return Refused(reply="the address is not ASCII and the server does not know SMTPUTF8 (RFC 6531)")
        size = [f"size={len(entry.content)}"] if connection.has_extn("size") else []
        wide = [] if entry.recipient.isascii() else ["SMTPUTF8"]
        if wide:
            connection.command_encoding = "utf-8"
        code, text = connection.mail(self._sender, [*size, *wide])
        if code != 250:
            # RFC 1870 6.1: 552 is about this letter's size; any other refusal here is about us.
            return self._refusal(connection, code, text, Refused if code == 552 else Misconfigured)
        code, text = connection.rcpt(entry.recipient)
        if code not in (250, 251):
            return self._refusal(connection, code, text, Refused)
        code, text = connection.docmd("DATA")
        if code != 354:
            return self._refusal(connection, code, text, Refused)
        return self._content(connection, entry)

    def _content(self, connection: smtplib.SMTP, entry: OutboxEntry) -> Outcome:
        """The content and its dot. From here on silence is ambiguous: the server may have taken it."""
        seconds = self._submission.timeout.total_seconds()
        if connection.sock is not None:
            connection.sock.settimeout(min(LONGEST_PATIENCE, seconds * DOT_PATIENCE))
        try:
            connection.send(_stuffed(entry.content))
            steps.reached(Step.SPOKEN)
            code, text = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return Deferred(reply=_said(error), ambiguous=True, unreachable=True)
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        if code == 250:
            return Sent(reply=_reply(code, text))
        return self._refusal(connection, code, text, Refused)

    def _refusal(
        self, connection: smtplib.SMTP, code: int, text: bytes | str, permanent: type[Refused | Misconfigured]
    ) -> Outcome:
        reply = _reply(code, text)
        if code in (421, -1):
            return Deferred(reply=reply, unreachable=True)
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()  # it hung up on its own refusal, which counts all the same
        return permanent(reply=reply) if 500 <= code < 600 else Deferred(reply=reply)


def _fault(error: Exception) -> Misconfigured | Deferred:
    """What a fault around the commands means: the server refuses us, or it cannot be talked to just now."""
    match error:
        case smtplib.SMTPAuthenticationError():
            # RFC 4954 6: 454 is the server's own trouble, and passes.
            refused = 500 <= error.smtp_code < 600
        case ssl.SSLError():
            # A certificate, or no TLS at all, is a matter of settings; a server that hangs up is not.
            refused = not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
        case _:
            refused = isinstance(error, smtplib.SMTPNotSupportedError | ConfigError | tokens.Refused)
    return Misconfigured(reply=_said(error)) if refused else Deferred(reply=_said(error), unreachable=True)


def _stuffed(content: bytes) -> bytes:
    """Content with its dots doubled and its end (RFC 5321 4.5.2); letters of ours have CRLF throughout."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended) + b".\r\n"


def connect(submission: Any, key: str | Access) -> smtplib.SMTP:
    """A connection that is secured, greeted and logged in.

    Args:
        key: the password; or the access to tokens, of which one that was kept is tried first, and a new one
            where it is refused.

    Raises:
        smtplib.SMTPException, OSError, ssl.SSLError: what the server or the wire said.
        tokens.Refused, tokens.Unreachable: there is no token, or the server does not take it.
    """
    if isinstance(key, str) or not submission.user:
        return _entered(submission, key if isinstance(key, str) else "")
    while True:
        # Before we connect: a token server may be slow, and mail servers hang up on whoever says nothing.
        bearer = key.bearer()
        try:
            return _entered(submission, bearer)
        except tokens.Refused:
            key.discard()
            if bearer.is_new:
                raise


def _entered(submission: Any, shown: str | Bearer) -> smtplib.SMTP:
    connection = _connected(submission)
    try:
        if connection.sock is not None:
            connection.sock.settimeout(submission.timeout.total_seconds())
        connection.ehlo_or_helo_if_needed()
        if submission.tls == "starttls":
            connection.starttls(context=_authorities())
            connection.ehlo_or_helo_if_needed()
        if isinstance(shown, Bearer):
            _show(connection, submission, shown)
        elif submission.user:
            connection.login(submission.user, shown)
    except BaseException:
        connection.close()
        raise
    return connection


def certificate(connection: smtplib.SMTP) -> Mapping[str, Any]:
    """What the server showed and we accepted (``ssl.SSLSocket.getpeercert``); empty without TLS."""
    return (connection.sock.getpeercert() or {}) if isinstance(connection.sock, ssl.SSLSocket) else {}


def _connected(submission: Any) -> smtplib.SMTP:
    seconds = min(submission.timeout.total_seconds(), CONNECT_SECONDS)
    if submission.tls == "implicit":
        return smtplib.SMTP_SSL(submission.host, submission.port, timeout=seconds, context=_authorities())
    return smtplib.SMTP(submission.host, submission.port, timeout=seconds)


def _show(connection: smtplib.SMTP, submission: Any, bearer: Bearer) -> None:
    where = f"{submission.host}:{submission.port}"
    how = sasl.mechanism(str(connection.esmtp_features.get("auth", "")).split())
    if not how:
        raise sasl.no_way(where)
    showing = Showing(how, bearer, host=submission.host, port=submission.port)
    try:
        connection.auth(how, showing)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise  # RFC 4954 6: 454 is the server's own trouble, and passes
        # Not the error: its traceback may show what was said.
        raise sasl.refusal(bearer, where, _said(error), showing.error, smtp=True) from None


def _authorities() -> ssl.SSLContext:
    # Reading the system's authorities costs 36 ms: not done for a connection without TLS.
    return ssl.create_default_context()


def _reply(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:_SAID]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    if isinstance(error, ConfigError | tokens.Refused | tokens.Unreachable):
        return str(error)[:_SAID]
    return f"{type(error).__name__}: {error}"[:_SAID]
