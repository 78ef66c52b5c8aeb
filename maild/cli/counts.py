"""A number with its noun, as people read it. Pure, used by the commands; nothing fails."""


def counted(number: int, noun: str) -> str:
    """``1 mail``, ``2 mails``, ``0 mails``: for nouns that take an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
