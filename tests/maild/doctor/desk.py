"""The desk that doctor looks at in these tests, and what it said of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from maild.cli.doctor.faults import Fault
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink

# A test that bears it has made `doctor` find these faults, or fails; `test_every_fault` counts them.
finds = pytest.mark.finds

SECRET = "0123456789abcdef0123456789abcdef"
PEOPLE = """
[[agent]]
name = "Anne"
address = "anne@etnic.be"
lead = true
[security]
trusted_authserv_ids = ["mx.etnic.be"]
"""
ADMIN = {"administrators": ["admin@etnic.be"]}


def row(fault: Fault, *values: object) -> Any:
    """A row of a table of cases, in which `doctor` finds this fault."""
    return pytest.param(*values, marks=finds(fault))


class Found(NamedTuple):
    """What `doctor --json` said, and with which code it ended."""

    code: int
    findings: list[dict[str, str]]

    def of(self, check: str, verdict: str = "") -> list[str]:
        return [
            f"{each['found']} -> {each['remedy']}"
            for each in self.findings
            if each["check"] == check and verdict in {"", each["verdict"]}
        ]

    @property
    def failed(self) -> set[str]:
        return {each["check"] for each in self.findings if each["verdict"] == "fail"}


Examine = Callable[..., Found]


def imap(mailbox: Mailbox, **more: object) -> dict[str, object]:
    return {
        "host": mailbox.host, "port": mailbox.port, "tls": "none", "user": mailbox.user,
        "password": mailbox.password, "timeout": "10s", **more,
    }  # fmt: skip


def smtp(sink: Sink, **more: object) -> dict[str, object]:
    return {"host": sink.host, "port": sink.port, "tls": sink.tls, "timeout": "10s", **more}
