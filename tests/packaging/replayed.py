"""The steps of the Dockerfile, replayed in a directory that stands for the root of the image.

What only an image has (a package manager, accounts) are stand-ins that write down what they were asked for;
Python, pip and the shell are real. Every absolute path of a step leads into the directory.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.packaging import image
from tests.packaging.image import Step

STAND_INS = ("apt-get", "groupadd", "install", "useradd")
# Both change how long it takes and nothing of what is made: the image has no use for what was downloaded
# before, and is compiled once for all its runs.
_HASTE = {"PIP_NO_COMPILE": "1"}
_ONLY_THERE = ("PIP_NO_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
# What pip says where there is no network.
_AWAY = re.compile(r"NewConnectionError|Failed to (establish a new connection|resolve)|name resolution")
_ABSOLUTE = re.compile(r"(?<![\w./*-])/(?=\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """An image in the making at ``root``."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def play(self, stage: Sequence[Step]) -> None:
        """Does what a stage does; what the stage before has left outside /opt is gone."""
        shutil.rmtree(self.root / "src", ignore_errors=True)
        self.environment.clear()
        place = self.root
        for step in stage:
            match step.word:
                case "ENV":
                    self.environment.update(image.variables([step]))
                case "WORKDIR":
                    place = self._inside(step.rest)
                    place.mkdir(parents=True, exist_ok=True)
                case "COPY" if not step.rest.startswith("--from="):
                    self._copy(step.rest.split()[0], place)
                case "RUN":
                    done = self._call(["/bin/sh", "-c", self._led_inside(step.rest)], place)
                    if done.returncode != 0 and _AWAY.search(done.stderr):
                        pytest.skip("no package registry can be reached, which the image is made from")
                    assert done.returncode == 0, f"{step.rest}: {done.stdout}{done.stderr}"
                case _:
                    pass  # what the image says of itself, and not what it does

    def run(self, command: Sequence[str], code: int = 0) -> "subprocess.CompletedProcess[str]":
        """A command of the finished image, found by its PATH; it must end with that code."""
        found = shutil.which(command[0], path=self._path())
        assert found is not None
        assert Path(found).is_relative_to(self.root)
        done = self._call([found, *command[1:]], self.root / "var/lib/maild")
        assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
        return done

    def asked(self) -> list[str]:
        """What the stand-ins were asked for, in order."""
        return (self.root / "asked").read_text().splitlines()

    def _inside(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    def _led_inside(self, script: str) -> str:
        return _ABSOLUTE.sub(f"{self.root}/", script)

    def _copy(self, source: str, place: Path) -> None:
        context = image.context()
        for name in [name for name in context.allowed if source in {".", name}]:
            path = image.ROOT / name
            if path.is_dir():
                shutil.copytree(path, place / name, ignore=_never(context.never))
            else:
                (place / name).parent.mkdir(exist_ok=True)
                shutil.copy2(path, place / name)

    def _path(self) -> str:
        told = self.environment.get("PATH", "$PATH")
        usual = f"{self._stand_ins()}:{Path(sys.executable).parent}:/usr/bin:/bin"
        return self._led_inside(told).replace("$PATH", usual)

    def _stand_ins(self) -> Path:
        place = self.root / "stand-ins"
        if not place.exists():
            place.mkdir()
            for name in STAND_INS:
                (place / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{self.root}/asked\n')
                (place / name).chmod(0o755)
        return place

    def _call(self, command: Sequence[str], place: Path) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment |= self.environment | {"PATH": self._path()} | _HASTE
        for name in _ONLY_THERE:
            environment.pop(name, None)
        return subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=False
        )


def _never(patterns: Sequence[str]) -> Callable[[str, list[str]], set[str]]:
    def ignored(_directory: str, names: list[str]) -> set[str]:
        return {name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}

    return ignored
