"""Shell completion: what bash, zsh and fish are told, at once and without opening the house."""

import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from maild import cli

ROOT = Path(__file__).resolve().parents[2]


def told(line: str, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a shell hears when somebody presses the Tab key behind ``line``."""
    words = line.split(" ")
    monkeypatch.setenv("_MAILD_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit) as ended:
        cli.answer([])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("maild tic", ["tickets", "ticket"]),
        ("maild ticket s", ["show", "split"]),
        ("maild config ", ["show", "check", "schema"]),
        ("maild run --on", ["--once"]),
        ("maild ticket nothing-of-that-name", []),
    ],
)
def test_each_shell_is_offered_the_words(
    line: str,
    offered: list[str],
    shell: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands, those of a group, options; with what each does, where the shell shows it."""
    said = told(line, shell, monkeypatch, capsys)
    match shell:
        case "bash":
            assert said.split() == offered
        case "fish":
            assert [row.split("\t")[0] for row in said.splitlines() if row] == offered
        case _:
            named = [row.rpartition("((")[2].split('"')[1] for row in said.splitlines() if '"' in row]
            assert named == offered


def test_bash_completes_with_the_script_that_it_is_given(tmp_path: Path) -> None:
    """By a real bash; where maild knows no more, bash completes file names by itself."""
    program = tmp_path / "maild"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m maild "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(_MAILD_COMPLETE=source_bash maild)"
        complete -p maild
        COMP_WORDS=(maild ticket sh) COMP_CWORD=2
        _maild_completion maild
        echo "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["complete -o default -F _maild_completion maild", "show"]
    assert done.stderr == ""


def test_words_are_completed_at_once() -> None:
    """In a third of a second of the processor's time, without database, configuration or mail."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from maild.cli import main\n"
        "main()\n"
    )
    told = {"_MAILD_COMPLETE": "complete_bash", "COMP_WORDS": "maild ticket sh", "COMP_CWORD": "2"}
    environment = {**os.environ, **told, "PYTHONPATH": str(ROOT)}
    best = 9.0
    loaded: set[str] = set()
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", script, "maild"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        assert done.stdout == "show\n"
        loaded |= set(done.stderr.split())
    assert not {"storage", "sqlalchemy", "maild.config", "maild.cli.look", "parsers", "structlog"} & loaded
    assert best < 0.33
