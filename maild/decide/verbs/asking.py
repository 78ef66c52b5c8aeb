"""What an agent asks of the desk: help, his list, the story of a ticket, why a mail is where it is (pure)."""

from maild.decide.decision import Note
from maild.decide.order import Command, Order, Outcome, Refusal


def help_of(commands: tuple[Command, ...]) -> Command:
    """``#aide``, which lists all of these and itself."""

    def run(order: Order) -> Outcome | Refusal:
        lines = [help_line(command, order.agent.language) for command in (*commands, made)]
        return Outcome(line="\n".join(lines), changes=(Note(kind="help", actor=order.agent.address),))

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


def help_line(command: Command, language: str) -> str:
    """A verb in French and English, and what it does."""
    texts = command.help
    return f"#{command.names[0]} / #{command.names[1]} – {texts.get(language, texts['en'])}"
