"""Which marks a mail in the maildrop shall carry (pure; DESIGN section 7).

Asked by ``receive.imap`` for every copy whose clock has changed. maild clears only what it set itself,
and what a person cleared comes back only at the next stage.
"""

from dataclasses import dataclass, replace

from storage.records import Mark, Stage

FLAGGED = "\\Flagged"
NEAR = "$MaildNearLimit"
BREACHED = "$MaildBreached"
FILED = "$MaildFiled"

_WANTED: dict[Stage | None, tuple[str, ...]] = {
    None: (),
    Stage.RUNNING: (),
    Stage.NEAR: (FLAGGED, NEAR),
    Stage.BREACHED: (FLAGGED, NEAR, BREACHED),
}
_ORDER: tuple[Stage | None, ...] = (None, Stage.RUNNING, Stage.NEAR, Stage.BREACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What to set and clear on one copy, and what to remember of it."""

    add: tuple[str, ...]
    remove: tuple[str, ...]
    mark: Mark


def left_before(flags: frozenset[str]) -> tuple[str, ...]:
    """The marks that maild must have set on a mail which this ledger has never seen: an earlier state did."""
    ours = tuple(flag for flag in (FILED, NEAR, BREACHED) if flag in flags)
    return (*ours, FLAGGED) if NEAR in ours and FLAGGED in flags else ours


def is_raised(mark: Mark) -> bool:
    """A stage was reached whose marks were never offered: the flags of the mail must be looked at first."""
    return bool(_WANTED[mark.stage]) and _ORDER.index(mark.stage) > _ORDER.index(mark.offered)


def marking(mark: Mark, present: frozenset[str], *, keywords: bool) -> Marking:
    """What a copy lacks and what it has too much.

    Args:
        present: the flags found on it, looked at when ``is_raised``.
        keywords: the server keeps flags of our own; ``\\Flagged`` every server keeps.
    """
    filed = (FILED,) if keywords and FILED not in mark.placed else ()
    if mark.stage is None:
        ours = tuple(flag for flag in mark.placed if flag != FILED)
        placed = (*(flag for flag in mark.placed if flag == FILED), *filed)
        return Marking(add=filed, remove=ours, mark=replace(mark, placed=placed, offered=None))
    raised = tuple(f for f in _WANTED[mark.stage] if f not in present) if is_raised(mark) else ()
    add = (*filed, *(f for f in raised if keywords or f == FLAGGED))
    offered = mark.stage if is_raised(mark) else mark.offered
    placed = tuple(dict.fromkeys((*mark.placed, *add)))
    return Marking(add=add, remove=(), mark=replace(mark, placed=placed, offered=offered))
