"""The server that takes our mail: each fault is produced once, and named."""

from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, finds, smtp
from tests.peers.certificate import Certificate
from tests.peers.smtp import Reply, Sink

LOOKED_AT = ("submission",)


def test_a_server_that_takes_our_mail(examine: Examine, sink: Sink) -> None:
    told = examine(submission=smtp(sink)).of("submission", "ok")
    assert "takes mail from support@etnic.be, up to 35 MB" in told[1]


@finds(Fault.SIZE_LIMIT)
def test_a_server_that_takes_small_mail_only(examine: Examine) -> None:
    server = Sink(size_limit=5_000_000)
    server.start()
    try:
        (line,) = examine(submission=smtp(server)).of("submission", "warn")
    finally:
        server.stop()
    assert "up to 5 MB each" in line
    assert "larger files will not leave" in line


@finds(Fault.SENDER_REFUSED)
def test_a_sender_that_is_refused(examine: Examine, sink: Sink) -> None:
    sink.script(Reply(stage="mail", say="550 5.7.60 not allowed to send as"))
    (line,) = examine(submission=smtp(sink)).of("submission", "fail")
    assert "550" in line
    assert "desk.address" in line


@finds(Fault.LOGIN_REFUSED)
def test_an_smtp_login(examine: Examine) -> None:
    server = Sink(login=("support", "right"))
    server.start()
    try:
        good = examine(submission=smtp(server, user="support", password="right"))
        bad = examine(submission=smtp(server, user="support", password="hunter2"))
    finally:
        server.stop()
    assert "support is logged in" in good.of("submission", "ok")[0]
    (line,) = bad.of("submission", "fail")
    assert "535" in line
    assert "mend user or password_file" in line
    assert "hunter2" not in line


@finds(Fault.LOGIN_UNKNOWN)
def test_a_login_at_a_server_that_knows_none(examine: Examine, sink: Sink) -> None:
    (line,) = examine(submission=smtp(sink, user="u", password="p")).of("submission", "fail")
    assert "leave user empty" in line


def test_an_smtp_certificate_that_is_not_known_here(examine: Examine, certificate: Certificate) -> None:
    server = Sink(tls="starttls", certificate=certificate)
    server.start()
    try:
        (line,) = examine(submission=smtp(server)).of("submission", "fail")
    finally:
        server.stop()
    assert "certificate" in line


@finds(Fault.NO_TLS)
def test_starttls_at_a_server_that_knows_none(examine: Examine, sink: Sink) -> None:
    (line,) = examine(submission=smtp(sink, tls="starttls")).of("submission", "fail")
    assert 'knows no STARTTLS: set tls = "implicit"' in line
