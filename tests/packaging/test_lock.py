"""requirements.lock is what a fresh machine installs: complete, hashed, and without addresses."""

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()


def pinned() -> dict[str, str]:
    """Version by canonical name."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ]+)", LOCK, re.MULTILINE))


def declared() -> list[Requirement]:
    """All that pyproject.toml asks for: to run, to show, to develop."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["demo"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    return [Requirement(each) for each in listed]


def test_no_address() -> None:
    """Each machine asks the registry that it is set up for."""
    assert "://" not in LOCK


def test_every_package_has_its_hashes() -> None:
    """Pip refuses the whole file otherwise."""
    entries = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert len(entries) == len(pinned())


def test_the_lock_is_as_new_as_the_project() -> None:
    """Whoever changes a dependency runs `make lock`."""
    versions = pinned()
    missing = [
        str(each)
        for each in declared()
        if not each.specifier.contains(versions.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert missing == []
