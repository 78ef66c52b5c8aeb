"""What the service does not include, by the words that people use for it (pure).

Read by ``verbs.scope`` in an argument and by ``config`` in rules; the first words are those that a ticket
keeps, and what they stand for is the service description's own list. Specialist help stands apart: it is
escalated, never refused.
"""

from collections.abc import Mapping

from parsers.commands import command_key

SPECIALIST = "spécialiste"
# Hardware and software of others, training, functional support of business applications, help to citizens.
EXCLUSIONS: tuple[str, ...] = ("matériel", "formation", "métier", "citoyen")
# What a rule may suggest besides: it is spam.
SPAM = "spam"

_WORDS: Mapping[str, str] = {
    "matériel": "matériel materiel matos logiciel logiciels équipement hardware software device materiaal "
    "apparatuur toestel geräte gerät material",
    "formation": "formation formations cours former training course opleiding vorming cursus schulung kurs",
    "métier": "métier métiers applicatif fonctionnel application-métier applications-métier business "
    "business-application functional functioneel bedrijfstoepassing fachlich fachanwendung",
    "citoyen": "citoyen citoyens citoyenne administratif administrative citizen citizens public burger "
    "burgers bürger administratief",
    SPECIALIST: "spécialiste spécialistes specialist specialists expert experts spezialist",
    SPAM: "spam",
}
_BY_WORD = {command_key(word): scope for scope, words in _WORDS.items() for word in words.split()}


def scope_of(words: str) -> str:
    """One of EXCLUSIONS, SPECIALIST or SPAM; "" for what is none of them.

    >>> scope_of("Hardware"), scope_of("application métier"), scope_of("café")
    ('matériel', 'métier', '')
    """
    return _BY_WORD.get(command_key("-".join(words.split())), "")
