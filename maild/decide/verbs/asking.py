"""What an agent asks of the desk: help, his list, the story of a ticket, why a mail is where it is (pure)."""

from collections.abc import Iterator

from maild.decide.decision import Note
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, said
from parsers.commands import command_key

# In which part of the list a verb stands; the others stand in the last.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("charge", ("prendre", "assigner", "attente", "résolu", "rouvrir", "clore", "catégorie", "priorité")),
    ("answer", ("note", "modèle", "relayer", "stop", "envoyer")),
    ("others", ("escalader", "intervention", "hors-périmètre", "bénéficiaire", "appel", "transfert")),
    ("repair", ("fusionner", "lier", "détacher", "annuler", "spam")),
    ("ask", ("pourquoi", "complet", "liste", "aide")),
)
_PLACE = {command_key(name): group for group, names in GROUPS for name in names}


def grouped(commands: tuple[Command, ...]) -> Iterator[tuple[str, tuple[Command, ...]]]:
    """The verbs by what they are about, in the order of the table."""
    for group, _ in GROUPS:
        found = tuple(c for c in commands if _PLACE.get(command_key(c.names[0]), GROUPS[-1][0]) == group)
        if found:
            yield group, found


def help_of(commands: tuple[Command, ...]) -> Command:
    """``#aide``, which lists all of these and itself."""

    def run(order: Order) -> Outcome | Refusal:
        line = "\n".join(_help((*commands, made), order.agent.language))
        return Outcome(line=line, changes=(Note(kind="help", actor=order.agent.address),))

    made = Command(
        names=("aide", "help", "hulp", "hilfe"),
        usage={"fr": "#aide", "en": "#help"},
        help={
            "fr": "recevoir cette liste",
            "nl": "deze lijst ontvangen",
            "de": "diese Liste erhalten",
            "en": "receive this list",
        },
        run=run,
        fresh=True,
    )
    return made


def _help(commands: tuple[Command, ...], language: str) -> Iterator[str]:
    """A title a group, then its verbs."""
    for number, (group, verbs) in enumerate(grouped(commands)):
        yield from ("",) if number else ()
        yield said(_SAID, group, language)
        yield from (help_line(verb, language) for verb in verbs)
    yield ""
    yield said(_SAID, "rule", language)


def help_line(command: Command, language: str) -> str:
    """A verb as it is written in French and in English, and what it does."""
    written = " / ".join(dict.fromkeys((command.usage["fr"], command.usage["en"])))
    return f"{written} – {command.does(language)}"


_SAID: Sentences = {
    "charge": {
        "fr": "LA DEMANDE",
        "nl": "DE AANVRAAG",
        "de": "DIE ANFRAGE",
        "en": "THE REQUEST",
    },
    "answer": {
        "fr": "VOTRE RÉPONSE",
        "nl": "UW ANTWOORD",
        "de": "IHRE ANTWORT",
        "en": "YOUR ANSWER",
    },
    "others": {
        "fr": "LES AUTRES",
        "nl": "DE ANDEREN",
        "de": "DIE ANDEREN",
        "en": "THE OTHERS",
    },
    "repair": {
        "fr": "RÉPARER",
        "nl": "HERSTELLEN",
        "de": "BERICHTIGEN",
        "en": "PUT RIGHT",
    },
    "ask": {
        "fr": "DEMANDER AU SERVICE DESK",
        "nl": "VRAGEN AAN DE SERVICEDESK",
        "de": "DEN SERVICE DESK FRAGEN",
        "en": "ASK THE DESK",
    },
    "rule": {
        "fr": "Une commande par ligne, tout en haut de votre réponse, avec ou sans accents.",
        "nl": "Eén opdracht per regel, helemaal bovenaan uw antwoord, met of zonder accenten.",
        "de": "Ein Befehl pro Zeile, ganz oben in Ihrer Antwort, mit oder ohne Akzente.",
        "en": "One command a line, at the very top of your reply, with or without accents.",
    },
}
