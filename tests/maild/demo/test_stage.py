"""The whole rehearsal, as `maild demo` plays it to a pipe, and the commands that it recommends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.peers.child import listens

ROOT = Path(__file__).resolve().parents[3]
# Less than it takes by default; the story has no other length, it is only told faster.
SECONDS = "24"


def environment(tmp_path: Path) -> dict[str, str]:
    """A rehearsal leaves its folder in the test's; an operator's own variable must not lead it astray."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),
        "MAILD_STATE__DIRECTORY": "/nowhere",
        "FORCE_COLOR": "1",
    }


def called(command: Sequence[str], environ: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command as a person calls it."""
    return subprocess.run(
        command, env=environ, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def port_of(folder: Path) -> int:
    """Where the rehearsal's IMAP server listened."""
    config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    return int(config["maildrop"]["support"]["port"])


def test_the_rehearsal_tells_the_whole_story_and_what_it_recommends_works(tmp_path: Path) -> None:
    """Mails, tickets, receipts, a thread, three silences, a limit, `#prendre`; nothing lost or doubled."""
    environ = environment(tmp_path)
    played = called([sys.executable, "-m", "maild", "demo", "--seconds", SECONDS], environ, tmp_path)
    told = played.stdout
    assert (played.returncode, played.stderr) == (0, ""), told + played.stderr
    assert "\x1b" not in told
    assert "NON" not in told
    # Nothing is wrong with the house; a digest of limits, which is of no ticket, is a reminder.
    assert "ennui" not in told
    for words in (
        "accusé   à claire.dumont@athenee-nord.example",
        "au plus tard le mardi",
        "rejoint ETNIC-1001, reconnu à ses références",
        "un programme l’a écrit, lui répondre ferait",
        "le mail est abîmé",
        "\\Flagged est posé",
        "#prendre\u00a0: fait, ETNIC-1003 est pris en charge par Anne Dupont",
        "Je m’en occupe cet après-midi.",
        "1 réponse d’un agent",
        "\\Flagged est retiré",
        "13 mails reçus, 9 tickets, 8 accusés de réception, 10 avis à l’équipe",
        "rattaché à ETNIC-1001",
        "0 perdu, 0 en double",
    ):
        assert words in told, told
    assert told.count("resté sans réponse") == 3
    assert re.search(r"Le tableau, tant que dure la répétition\u00a0: http://127\.0\.0\.1:\d+/", told)

    (folder,) = tmp_path.glob("maild-demo-*")
    assert not listens(port_of(folder))
    events = [json.loads(line)["event"] for line in (folder / "maild.log").read_text("utf-8").splitlines()]
    assert {"daemon.started", "daemon.ready"} <= set(events)
    assert events.count("message.ingested") == 13
    assert "http.open" in events
    assert not {"message.failed", "job.failed", "maildrop.failed", "maildrop.standby"} & set(events)

    del environ["MAILD_STATE__DIRECTORY"]
    commands = re.findall(r"^  (\S+ -m maild .+)$", told, re.MULTILINE)
    answers = [called(command.split(), environ, tmp_path) for command in commands]
    assert [answer.returncode for answer in answers] == [0, 0, 0, 0], answers
    tickets, shown, traced, why = (answer.stdout for answer in answers)
    assert "ETNIC-1009" in tickets
    assert "anne.dupont@etnic.example" in shown
    assert "near_limit" in traced
    assert "is on ETNIC-1001, by: references" in why


def test_an_interrupted_rehearsal_ends_in_order_and_says_so(tmp_path: Path) -> None:
    """Ctrl-C: the reckoning of what was played, a negative answer, and no server left behind."""
    playing = subprocess.Popen(
        [sys.executable, "-m", "maild", "demo"],
        env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert playing.stdout
    for line in playing.stdout:
        if "accusé" in line:
            break
    (folder,) = tmp_path.glob("maild-demo-*")
    assert listens(port_of(folder))
    playing.send_signal(signal.SIGINT)
    told, said = playing.communicate(timeout=30)
    assert (playing.returncode, said) == (1, "")
    assert "la répétition a été interrompue" in told
    assert not listens(port_of(folder))


def test_the_mail_room_outlives_no_rehearsal_that_was_killed(tmp_path: Path) -> None:
    """Nobody ends the IMAP server then: it must notice by itself."""
    playing = subprocess.Popen(
        [sys.executable, "-m", "maild", "demo"],
        env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert playing.stdout
    for line in playing.stdout:
        if "reçu" in line:
            break
    (folder,) = tmp_path.glob("maild-demo-*")
    playing.kill()
    playing.communicate()
    while listens(port_of(folder)):  # the test's own time limit is the bound
        time.sleep(0.05)
