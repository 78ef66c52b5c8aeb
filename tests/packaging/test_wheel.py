"""The wheel holds four packages and a sample configuration, and works where nothing else of the tree is.

It is built from this tree and installed into an environment of its own, which borrows the libraries of the
environment that runs the tests. Nothing is downloaded.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("maild", "parsers", "storage", "templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment in which the wheel is installed, and the wheel."""

    root: Path
    wheel: Path

    def run(self, *arguments: str) -> str:
        """What its Python printed, started far from the source tree."""
        return _run([str(self.root / "bin" / "python"), "-I", *arguments], self.root)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built and installed elsewhere."""
    place = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)], ROOT)
    (wheel,) = place.glob("maild-*.whl")
    root = place / "environment"
    venv.create(root, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(root / "bin" / "python"), "--no-input", "install"]
    _run([*pip, "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", str(wheel)], place)
    # A path file adds one directory; path files in that directory, as maild's own editable one, are not read.
    (site_packages,) = root.glob("lib/python*/site-packages")
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(root=root, wheel=wheel)


def test_maild_owns_the_four_names(installed: Installed) -> None:
    """They are common words: another distribution that owns one of them would be overwritten in silence."""
    script = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"
    owners = json.loads(installed.run("-c", script))
    assert {name: owners[name] for name in PACKAGES} == {name: ["maild"] for name in PACKAGES}


def test_the_packages_are_those_of_the_wheel(installed: Installed) -> None:
    """Not those of the source tree, which the other tests run on."""
    script = f"import {', '.join(PACKAGES)}; print(*(p.__file__ for p in ({', '.join(PACKAGES)})), sep='\\n')"
    places = installed.run("-c", script).split()
    assert all(Path(place).is_relative_to(installed.root) for place in places)


def test_the_wheel_holds_every_file_of_the_packages(installed: Installed) -> None:
    """Templates and migrations are files that no import would miss; the tests stay at home."""
    with ZipFile(installed.wheel) as archive:
        held = {name for name in archive.namelist() if not name.startswith("maild-")}
    tree = {str(path.relative_to(ROOT)) for name in PACKAGES for path in _sources(ROOT / name)}
    assert held == tree


def test_the_sample_configuration_is_installed(installed: Installed) -> None:
    """As share/maild/config.toml, to be copied to /etc/maild."""
    assert (installed.root / "share/maild/config.toml").read_text() == (ROOT / "config.toml").read_text()


def test_man_finds_the_page(installed: Installed) -> None:
    """Beside a folder on PATH called bin, man(1) looks into share/man."""
    assert (installed.root / "share/man/man1/maild.1").read_text() == (ROOT / "docs/maild.1").read_text()


def test_the_cards_for_agents_are_installed(installed: Installed) -> None:
    """Whoever installs maild has what is handed out to those who work with it."""
    for language in ("fr", "en"):
        name = f"card-{language}.html"
        assert (installed.root / "share/doc/maild" / name).read_text() == (ROOT / "docs" / name).read_text()


def test_every_template_renders(installed: Installed) -> None:
    """From the wheel alone, in each language."""
    script = """
        from maild import compose, rehearsal
        from maild.decide.policy import Desk
        desk = Desk(name="Support", address="support@etnic.test")
        print(rehearsal.render_all(compose.stationery(desk)))
    """
    assert installed.run("-c", _flush_left(script)).strip() == "[]"


def test_the_migrations_are_found(installed: Installed, tmp_path: Path) -> None:
    """A fresh database comes to the newest revision."""
    script = f"""
        from storage import database
        opened = database.open_database("sqlite:///{tmp_path}/maild.db")
        database.upgrade(opened)
        print(database.current(opened) == database.head())
    """
    assert installed.run("-c", _flush_left(script)).strip() == "True"


def test_the_command_is_installed(installed: Installed) -> None:
    """`maild` and `python -m maild` are one program."""
    assert "doctor" in installed.run("-m", "maild", "--help")
    assert "doctor" in _run([str(installed.root / "bin" / "maild"), "--help"], installed.root)


def _sources(package: Path) -> list[Path]:
    files = (path for path in package.rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts and path.suffix != ".pyc"]


def _flush_left(script: str) -> str:
    return "\n".join(line.strip() for line in script.strip().splitlines())


def _run(command: Sequence[str], directory: Path) -> str:
    # PYTHONPATH would lead back to the source tree.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
