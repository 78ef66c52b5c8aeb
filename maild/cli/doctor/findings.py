"""What a look at one thing found, in three verdicts: under every check of ``doctor``; nothing here fails."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from maild.cli.doctor.faults import Fault
from maild.config import Config

Verdict = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at one thing found: ``remedy`` is "" where nothing is to be done.

    ``fault`` is None where nothing is wrong.
    """

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""
    fault: Fault | None = None


# A look at one thing: the configuration, and the file that it was read from.
Check: TypeAlias = Callable[[Config, Path], Iterator[Finding]]


def ok(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, verdict="ok", found=found)


def warn(check: str, fault: Fault, found: str, remedy: str) -> Finding:
    """maild works, and less well than it could."""
    return Finding(check=check, verdict="warn", found=found, remedy=remedy, fault=fault)


def fail(check: str, fault: Fault, found: str, remedy: str) -> Finding:
    """maild will not work as it should."""
    return Finding(check=check, verdict="FAIL", found=found, remedy=remedy, fault=fault)


def any_failed(findings: Iterable[Finding]) -> bool:
    """Whether what comes after them cannot be looked at."""
    return any(finding.verdict == "FAIL" for finding in findings)


def mega(size: int) -> str:
    """A number of bytes as people read it: ``1 234 MB``."""
    return f"{size // 10**6:,} MB".replace(",", " ")
