"""compose.yaml: it agrees with the image and with the configuration, and leaves no container much power."""

import re
from pathlib import Path
from typing import Any

from maild import config
from tests.packaging import image

COMPOSE = image.compose()
MAILD: dict[str, Any] = COMPOSE["services"]["maild"]
DATABASE: dict[str, Any] = COMPOSE["services"]["database"]
_, FINAL = image.stages()


def test_whatever_is_named_is_there() -> None:
    """Volumes, networks, secrets: each is declared once and used."""
    for kind in ("networks", "secrets"):
        assert {each for service in (MAILD, DATABASE) for each in service[kind]} == set(COMPOSE[kind])
    named = [each.split(":")[0] for service in (MAILD, DATABASE) for each in service["volumes"]]
    assert {each for each in named if not each.startswith(".")} == set(COMPOSE["volumes"])


def test_secrets_are_files_and_nothing_else() -> None:
    """Each in a file of its name; whoever reads the environment of a container learns where they are."""
    assert COMPOSE["secrets"] == {name: {"file": f"./secrets/{name}"} for name in COMPOSE["secrets"]}
    for service in (MAILD, DATABASE):
        said = service["environment"]
        files = {value for name, value in said.items() if name.endswith(("_FILE", "PASSFILE"))}
        assert files == {f"/run/secrets/{name}" for name in service["secrets"]}
        assert not [name for name in said if re.search(r"(PASSWORD|SECRET|TOKEN|KEY)$", name)]
        assert "@" not in said.get("MAILD_STATE__DATABASE", "").replace("://maild@", "")


def test_what_lies_beside_the_file_stays_there() -> None:
    """Neither history nor builder gets the configuration or a secret."""
    folders = {each["file"].split("/")[1] for each in COMPOSE["secrets"].values()}
    folders |= {each.split("/")[1].split(":")[0] for each in MAILD["volumes"] if each.startswith("./")}
    assert folders == {"etc", "secrets"}
    assert {f"/{each}/" for each in folders} <= set((image.ROOT / ".gitignore").read_text().splitlines())
    assert not folders & image.context().allowed


def test_the_environment_makes_config_toml_ready(tmp_path: Path) -> None:
    """The file of the repository, read as the container reads it: every secret found, PostgreSQL in place."""
    environment = {
        name: value.replace("/run/secrets", str(tmp_path))
        for name, value in MAILD["environment"].items()
        if name.startswith("MAILD_")
    }
    for name in MAILD["secrets"]:
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef")
        (tmp_path / name).chmod(0o600)
    settings = config.load(image.ROOT / "config.toml", environment)
    assert settings.state.database == "postgresql://maild@database/maild"
    assert DATABASE["environment"]["POSTGRES_USER"] == DATABASE["environment"]["POSTGRES_DB"] == "maild"


def test_it_agrees_with_the_image() -> None:
    """The state is the image's volume, /etc/maild the place where maild looks for its configuration."""
    (volume,) = image.only(FINAL, "VOLUME").exec_form
    assert MAILD["volumes"] == ["./etc:/etc/maild:ro", f"state:{volume}"]
    assert Path("/etc/maild/config.toml") in config.PLACES
    assert MAILD["build"] == "."
    # pg_dump refuses a server that is newer than itself.
    client = next(
        re.search(r"postgresql-client-(\d+)", step.rest) for step in FINAL if "apt-get" in step.rest
    )
    assert client is not None
    assert DATABASE["image"] == f"postgres:{client[1]}"


def test_maild_waits_for_a_database_that_answers() -> None:
    """Its own health is the image's check."""
    assert MAILD["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert DATABASE["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert {"--username=maild", "--dbname=maild"} < set(DATABASE["healthcheck"]["test"])
    assert "healthcheck" not in MAILD
    assert image.only(FINAL, "HEALTHCHECK").exec_form


def test_neither_container_may_do_much() -> None:
    """Not root, no capability, nothing to write to but its volume and what is gone with it."""
    for service in (MAILD, DATABASE):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "cap_add" not in service
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]
        assert "privileged" not in service
        assert "ports" not in service
    assert DATABASE["user"] == "postgres"
    assert DATABASE["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_a_letter_is_finished_before_the_container_is_killed() -> None:
    """As under systemd, which waits as long; and what it logs never fills the disk."""
    unit = (image.ROOT / "maild/deploy/maild.service").read_text()
    patience = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert patience is not None
    assert MAILD["stop_grace_period"] == f"{patience[1]}s"
    for service in (MAILD, DATABASE):
        assert service["logging"] == {"driver": "local"}
