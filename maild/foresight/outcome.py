"""What would become of a mail, and in what two outcomes differ (pure).

Stands under ``trial``, which fills it, and the command line, which shows it. Cannot fail.
"""

from dataclasses import dataclass
from datetime import datetime

from maild.decide.decision import Verdict

# What a mail brings about; two configurations differ over it where one of these differs.
_EFFECTS = (
    "disposition", "kind", "opens", "thread", "links", "status", "team", "category", "priority", "scope",
    "assignee", "due_at", "objections", "letters", "digest", "held",
)  # fmt: skip
# Why: told beside a difference, and none by itself, for a rule may have moved and do the same.
_CAUSES = ("signal", "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A letter that would be owed. ``why_not``: why it would not leave by itself, "" where it would."""

    kind: str
    to: str
    state: str
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What would become of one mail.

    ``where``: by which a person finds it. ``disposition``: of ``decision.Disposition``, or "kept" where it
    would wait unfiled. ``ticket``: its number, "" for none; ``thread``: the same by its first mail, since
    numbers depend on all that came before. ``signal``: the threading signal that decided. ``status`` to
    ``due_at``: of the ticket, after it. ``objections``: why there is no receipt. ``digest``: who would hear
    of it in the next digest. ``held``: why files of it would stay with the desk, a word each. ``reasons``:
    what else was noted.
    """

    where: str
    message_id: str
    sender: str
    subject: str
    arrived_at: datetime
    disposition: str
    kind: str = ""
    opens: bool = False
    ticket: str = ""
    thread: str = ""
    links: tuple[str, ...] = ()
    signal: str = ""
    verdicts: tuple[Verdict, ...] = ()
    rules: tuple[str, ...] = ()
    status: str = ""
    team: str = ""
    category: str = ""
    priority: str = ""
    scope: str = ""
    assignee: str = ""
    due_at: datetime | None = None
    objections: tuple[str, ...] = ()
    letters: tuple[Outgoing, ...] = ()
    digest: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def receipts(self) -> tuple[str, ...]:
        """To whom a receipt would leave."""
        return tuple(one.to for one in self.letters if one.kind == "receipt" and not one.why_not)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field in which two outcomes of one mail differ, and what each says."""

    field: str
    here: object
    there: object


def differences(here: Outcome, there: Outcome) -> tuple[Difference, ...]:
    """In what two configurations differ over one mail, and then why; () where the same would come of it."""
    effects = _differing(here, there, _EFFECTS)
    return (*effects, *_differing(here, there, _CAUSES)) if effects else ()


def _differing(here: Outcome, there: Outcome, fields: tuple[str, ...]) -> tuple[Difference, ...]:
    pairs = ((name, getattr(here, name), getattr(there, name)) for name in fields)
    return tuple(Difference(field=name, here=a, there=b) for name, a, b in pairs if a != b)
