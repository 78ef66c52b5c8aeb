"""The commands on paper: the table in the README, and a page that agents print, made of the one table that
runs them.

``python -m tests.card`` (``make card``) writes README.md, docs/card-fr.html and docs/card-en.html anew; tests
say when that is to be done, and that each page is one sheet of A4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import dedent

from maild import config, instants
from maild.decide.commands import COMMANDS
from maild.decide.order import Command, said
from maild.decide.verbs import asking

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- commands -->\n", "<!-- /commands -->\n"

# --- the table in the README --------------------------------------------------------------------------------


def card() -> str:
    """The table as Markdown, the verbs in the order in which ``#aide`` lists them."""
    rows = [_row(command) for _, verbs in asking.grouped(COMMANDS) for command in verbs]
    return "\n".join(["| French | English | does |", "|---|---|---|", *rows, ""])


def _row(command: Command) -> str:
    # A bar would end the cell, also within code.
    cells = (f"`{command.usage['fr']}`", f"`{command.usage['en']}`", command.does("en"))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def with_card(text: str) -> str:
    """A README with the card in its place."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}{card()}{END}{rest.split(END)[1]}"


# --- the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The page in one language, around the commands.

    ``blanks``: what each desk writes in by hand; ``order`` and ``words``: the mail of an agent, above and
    below its blank line, each with what becomes of it; ``rules``: paragraphs, each below its heading, where
    `...` is code and {delay} how long words wait.
    """

    title: str
    subtitle: str
    blanks: tuple[str, ...]
    order: tuple[str, str]
    words: tuple[str, str]
    rules: str
    legend: str


WORDINGS = {
    "fr": Wording(
        title="Travailler par courriel",
        subtitle="Carte des agents du service desk",
        blanks=("Adresse du service desk", "Mes équipes", "En cas de problème"),
        order=("#prendre\n#priorité haute", "Les commandes : les premières lignes, une par ligne."),
        words=(
            "Bonjour, je passe cet après-midi.",
            "Le texte : il part au demandeur, de l’adresse du service desk, avec vos fichiers.",
        ),
        rules="""
            Répondre, c’est écrire au demandeur
            Répondez à la notification, au service desk seul : votre texte part au demandeur, et le ticket est
            pris en charge. Sous `#note`, tout reste interne.

            Ne partent jamais
            Les commandes, le message cité, votre signature, votre adresse. Écrivez au-dessus du message cité.
            Ce qui a été mis de côté n’est pas perdu : `#complet` l’envoie.

            Tout ou rien
            Un mot inconnu derrière #, et rien n’est exécuté ni envoyé ; la réponse propose le mot le plus
            proche. Chaque commande reçoit une ligne de réponse.

            Le temps de changer d’avis
            Votre texte attend avant de partir, d’ordinaire {delay}. D’ici là, `#stop` le retient ; `#envoyer`
            le laisse partir après tout.

            Prouver que c’est vous
            Répondez au message que vous avez reçu, depuis votre boîte : il porte un jeton à votre nom. Ne le
            transférez à personne. Sans preuve, rien n’est exécuté, et vous l’apprenez.

            D’autres tickets
            Un numéro derrière la commande vaut pour ce ticket, d’où que vous écriviez : `#prendre 1042 1043`.
            Du texte, lui, ne part que de la notification de son ticket.
            """,
        legend="""
            […] peut manquer ; | sépare des choix. N : un numéro. X, QUI : un prénom, un nom, une adresse, une
            équipe, « moi ». DATE, QUAND : `2j`, `lundi 9h`, `24/11`, `demain 14h`. Accents et majuscules sont
            libres, l’anglais aussi est compris (`#take`).
            """,
    ),
    "en": Wording(
        title="Working by mail",
        subtitle="A card for the agents of the service desk",
        blanks=("Address of the desk", "My teams", "If something is wrong"),
        order=("#take\n#priority high", "The commands: the first lines, one a line."),
        words=(
            "Hello, I will come this afternoon.",
            "The words: they go to the requester, from the desk’s address, with your files.",
        ),
        rules="""
            To reply is to write to the requester
            Reply to the notification, to the desk alone: your words go to the requester, and the ticket is
            taken in charge. Below `#note` everything stays internal.

            What never leaves
            The commands, the quoted mail, your signature, your address. Write above the quoted mail. What was
            left aside is not lost: `#full` sends it.

            All or nothing
            One unknown word behind #, and nothing is run and nothing sent; the answer names the closest one.
            Every command is answered in a line.

            Time to change your mind
            Your words wait before they leave, as a rule {delay}. Until then `#stop` holds them; `#send` lets
            them go after all.

            Prove that it is you
            Reply to the mail that you were sent, from your own mailbox: it bears a token in your name.
            Forward it to nobody. Without proof nothing is run, and you are told.

            Other tickets
            A number behind the command means that ticket, whatever you reply to: `#take 1042 1043`. Words
            leave only from the notification of their own ticket.
            """,
        legend="""
            […] may be left out; | parts choices. N: a number. X, WHO: a first name, a name, an address, a
            team, “me”. DATE, WHEN: `2d`, `monday 9:00`, `24/11`, `tomorrow 14:00`. Accents and capitals are
            free, French is understood, too (`#prendre`).
            """,
    ),
}

_STYLE = """
@page { size: A4; margin: 11mm 12mm }
* { box-sizing: border-box; margin: 0 }
html { color-scheme: light; background: #fff; color: #111 }
body { font: 8.8pt/1.34 Arial, "Liberation Sans", sans-serif; max-width: 186mm; margin: auto }
@media screen { body { padding: 11mm 0 } }
header { display: flex; gap: 4mm; align-items: baseline }
header { padding-bottom: 1.5mm; border-bottom: .6mm solid #0b5c8e }
header p { color: #444; font-size: 10.5pt }
h1 { font-size: 19pt; line-height: 1.1 }
h2 { font-size: 9.4pt; color: #0b5c8e; break-after: avoid }
.blanks { display: flex; gap: 5mm; margin: 4mm 0 3.5mm; font-size: 8pt; color: #444 }
.blanks span { flex: 1; display: flex; gap: 1.5mm; white-space: nowrap }
.blanks span::after { content: ""; flex: 1; border-bottom: .2mm solid #777 }
.mail { display: grid; grid-template-columns: 2fr 3fr; border: .3mm solid #777; border-radius: 1.5mm }
.mail > * { padding: 1.4mm 2.5mm }
.mail pre { background: #eef3f7; white-space: pre-wrap }
.mail pre.words { background: #f7f7f4; font: inherit }
.mail p { align-self: center }
.rules { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2.5mm 5mm; margin-top: 3.5mm }
.commands { columns: 2; column-gap: 8mm; margin-top: 3.5mm; border-top: .3mm solid #777; padding-top: 2.5mm }
.commands h2 { font-size: 8.6pt; letter-spacing: .03em; margin-bottom: .8mm }
dl { margin-bottom: 2.5mm }
dl div { break-inside: avoid; margin-bottom: 1mm; padding-left: 4mm; text-indent: -4mm }
dt, dd { display: inline }
dt { margin-right: 1.5mm }
b { white-space: nowrap }
dt, code, pre { font: bold 8.5pt/1.34 "Liberation Mono", "DejaVu Sans Mono", Consolas, monospace }
code { font-weight: normal; font-size: .93em; white-space: nowrap }
footer { border-top: .3mm solid #777; padding-top: 1.5mm; font-size: 8.2pt; color: #333 }
"""


def page(language: str) -> str:
    """One sheet of A4, which needs nothing beside it."""
    wording = WORDINGS[language]
    delay = instants.duration(config.Relay().delay, language)
    lines = [
        "<!doctype html>",
        "<!-- Made by `make card`: change tests/card.py, or the commands in maild/decide/verbs, instead. -->",
        f'<html lang="{language}"><head><meta charset="utf-8">',
        f"<title>{escape(wording.subtitle)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<header><h1>{escape(wording.title)}</h1><p>{escape(wording.subtitle)}</p></header>",
        '<p class="blanks">' + "".join(f"<span>{escape(one)}</span>" for one in wording.blanks) + "</p>",
        '<main><section class="mail">',
        f"<pre>{escape(wording.order[0])}</pre><p>{_prose(wording.order[1])}</p>",
        f'<pre class="words">{escape(wording.words[0])}</pre><p>{_prose(wording.words[1])}</p>',
        '</section><section class="rules">',
        *(_rule(rule.replace("{delay}", delay)) for rule in dedent(wording.rules).strip().split("\n\n")),
        '</section><section class="commands">',
        *_commands(language),
        f"</section></main><footer><p>{_prose(wording.legend)}</p></footer>",
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _rule(rule: str) -> str:
    heading, _, text = rule.partition("\n")
    return f"<div><h2>{_prose(heading)}</h2><p>{_prose(text)}</p></div>"


# Where French puts a blank that ends no line.
_JOINED = re.compile(r" (?=[:;?!»])|(?<=«) ")


def _prose(text: str) -> str:
    """What stands between backticks is code."""
    parts = escape(_JOINED.sub("\u00a0", re.sub(r"[ \n]+", " ", text).strip()), quote=False).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def _commands(language: str) -> Iterator[str]:
    for group, verbs in asking.grouped(COMMANDS):
        yield f"<h2>{escape(said(asking._SAID, group, language))}</h2><dl>"
        for verb in verbs:
            written = " ".join(map(_whole, verb.written(language).split()))
            yield f"<div><dt>{written}</dt><dd>{_prose(verb.does(language))}</dd></div>"
        yield "</dl>"


def _whole(word: str) -> str:
    """A word of code breaks between two choices, and nowhere else."""
    return "|<wbr>".join(f"<b>{escape(choice)}</b>" for choice in word.split("|"))


def place(language: str) -> Path:
    """Where the page of a language stands."""
    return ROOT / f"docs/card-{language}.html"


if __name__ == "__main__":
    README.write_text(with_card(README.read_text(encoding="utf-8")), encoding="utf-8")
    for each in WORDINGS:
        place(each).write_text(page(each), encoding="utf-8")
