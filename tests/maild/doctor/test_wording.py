"""Letters that cannot be written are named."""

from pathlib import Path

import pytest

from maild import rehearsal
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import Examine, finds

LOOKED_AT = ("letters",)


@finds(Fault.LETTER_BROKEN)
def test_a_broken_letter(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "render_all", lambda _paper: ["fr/receipt.txt.j2, line 3: nonsense"])
    (line,) = examine().of("letters", "fail")
    assert "line 3" in line


def test_a_letter_of_ones_own_that_is_broken(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "letters" / "fr").mkdir(parents=True)
    (tmp_path / "letters" / "fr" / "receipt.txt.j2").write_text("Bonjour {{ numero }}", encoding="utf-8")
    told = examine(desk={"templates": "letters"}).of("letters", "fail")
    assert any("fr/receipt.txt.j2" in line and "numero" in line for line in told)
    assert all("mend it in" in line for line in told)


@finds(Fault.TEMPLATES_MISSING)
def test_letters_of_ones_own(examine: Examine, tmp_path: Path) -> None:
    assert "is no folder" in examine(desk={"templates": "letters"}).of("letters", "fail")[0]
    (tmp_path / "letters").mkdir()
    assert "your own" in examine(desk={"templates": "letters"}).of("letters", "ok")[0]
