"""The two locks are what a fresh machine installs: complete, hashed, without addresses, and in agreement.

``requirements.lock`` is the daemon's; ``requirements-dev.lock`` adds the demo and the tools of the tests.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DAEMON, EVERYTHING = "requirements.lock", "requirements-dev.lock"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
both = pytest.mark.parametrize("lock", [DAEMON, EVERYTHING])


def entries(lock: str) -> list[str]:
    """One text for each package: its first line names name and version."""
    return re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text().strip())


def pinned(lock: str) -> dict[str, str]:
    """Version by canonical name."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ]+)", "\n".join(entries(lock)), re.MULTILINE))


def group(name: str) -> list[str]:
    """The requirements of a dependency group, without the groups that it includes (PEP 735)."""
    return [each for each in PROJECT["dependency-groups"][name] if isinstance(each, str)]


def declared(lock: str) -> Sequence[Requirement]:
    """What pyproject.toml asks for: to run and to install; in the larger lock also to show and to develop."""
    listed = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"], *group("build")]
    if lock == EVERYTHING:
        listed += [*PROJECT["project"]["optional-dependencies"]["demo"], *group("dev")]
    return [Requirement(each) for each in listed]


@both
def test_no_address(lock: str) -> None:
    """Each machine asks the registry that it is set up for."""
    assert "://" not in (ROOT / lock).read_text()


@both
def test_every_package_has_its_hashes(lock: str) -> None:
    """Pip refuses the whole file otherwise."""
    found = entries(lock)
    assert [entry.splitlines()[0] for entry in found if "--hash=sha256:" not in entry] == []
    assert len(found) == len(pinned(lock))


@both
def test_the_lock_is_as_new_as_the_project(lock: str) -> None:
    """Whoever changes a dependency runs `make lock`."""
    versions = pinned(lock)
    missing = [
        str(each)
        for each in declared(lock)
        if not each.specifier.contains(versions.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert missing == []


def test_what_is_tested_is_what_is_installed() -> None:
    """Entry by entry, hashes and markers included: the larger lock holds the smaller one and more."""

    def told(lock: str) -> dict[str, list[str]]:
        return {
            entry.split("==")[0]: [line for line in entry.splitlines() if "#" not in line]
            for entry in entries(lock)
        }

    daemon, everything = told(DAEMON), told(EVERYTHING)
    assert {name: everything.get(name) for name in daemon} == daemon


def test_administrators_get_no_tool_of_the_tests() -> None:
    """Playwright and hadolint alone are 65 MB."""
    tools = {canonicalize_name(Requirement(each).name) for each in group("dev")}
    assert tools & set(pinned(DAEMON)) == set()
    assert tools <= set(pinned(EVERYTHING))
