"""What a notification proposes to its reader: rules suggest, people decide (pure).

Asked by ``effects`` for each mail that agents are told of. A hint names the command that does what it says,
so that one line of an answer settles the matter.
"""

from maild.decide.exclusions import SPAM, SPECIALIST
from maild.decide.order import Sentences, said


def hints(*, scope: str, standing: str, later: bool, language: str, spam: str = "") -> tuple[str, ...]:
    """The proposals that fit a mail, a sentence each.

    Args:
        scope: what a rule suggests, "" for nothing.
        later: the mail is not the first one of its ticket.
        spam: the field in which a filter calls it spam.
    """
    found: list[str] = []
    if spam:
        found.append(said(_SAID, "filter" if later else "unanswered", language, field=spam))
    if scope and not later:
        found.append(said(_SAID, scope if scope in _SAID else "scope", language, scope=scope))
    if standing == "study" and later:
        found.append(said(_SAID, "study", language))
    return tuple(found)


_SAID: Sentences = {
    "scope": {
        "fr": "Une règle suggère un motif hors périmètre ({scope}). Si vous êtes d’accord\u00a0: "
        "#hors-périmètre {scope}",
        "nl": "Een regel stelt een reden buiten de dienst voor ({scope}). Bent u het eens: "
        "#out-of-scope {scope}",
        "de": "Eine Regel schlägt einen Grund außerhalb des Dienstes vor ({scope}). Wenn Sie zustimmen: "
        "#out-of-scope {scope}",
        "en": "A rule suggests that this is out of scope ({scope}). If you agree: #out-of-scope {scope}",
    },
    SPECIALIST: {
        "fr": "Une règle suggère une équipe spécialisée. Si vous êtes d’accord\u00a0: #escalader ÉQUIPE, "
        "suivi de votre question",
        "nl": "Een regel stelt een gespecialiseerd team voor. Bent u het eens: #escalate TEAM, met uw vraag",
        "de": "Eine Regel schlägt ein Fachteam vor. Wenn Sie zustimmen: #escalate TEAM, mit Ihrer Frage",
        "en": "A rule suggests a specialist team. If you agree: #escalate TEAM, followed by your question",
    },
    SPAM: {
        "fr": "Une règle suggère un courrier indésirable. Si vous êtes d’accord\u00a0: #spam",
        "nl": "Een regel stelt ongewenste post voor. Bent u het eens: #spam",
        "de": "Eine Regel schlägt unerwünschte Post vor. Wenn Sie zustimmen: #spam",
        "en": "A rule suggests that this is spam. If you agree: #spam",
    },
    "unanswered": {
        "fr": "Un filtre l’a pris pour un courrier indésirable ({field})\u00a0: pas d’accusé de réception. "
        "S’il a raison\u00a0: #spam",
        "nl": "Een filter hield het voor ongewenste post ({field}): geen ontvangstbevestiging. Als dat "
        "klopt: #spam",
        "de": "Ein Filter hielt es für unerwünschte Post ({field}): keine Empfangsbestätigung. Wenn das "
        "stimmt: #spam",
        "en": "A filter took it for spam ({field}): no receipt was sent. If it is right: #spam",
    },
    "filter": {
        "fr": "Un filtre a pris ce message pour un courrier indésirable ({field})",
        "nl": "Een filter hield dit bericht voor ongewenste post ({field})",
        "de": "Ein Filter hielt diese Nachricht für unerwünschte Post ({field})",
        "en": "A filter took this mail for spam ({field})",
    },
    "study": {
        "fr": "À l’étude\u00a0: si ce message répond au formulaire de faisabilité, #bénéficiaire ENTITÉ ou "
        "#bénéficiaire non règle la question",
        "nl": "In onderzoek: beantwoordt dit bericht het haalbaarheidsformulier, dan regelt #beneficiary "
        "ENTITEIT of #beneficiary nee de vraag",
        "de": "In Prüfung: Beantwortet diese Nachricht das Formular zur Machbarkeit, dann klärt #beneficiary "
        "ORGANISATION oder #beneficiary nein die Frage",
        "en": "Under study: if this message answers the feasibility form, #beneficiary ENTITY or "
        "#beneficiary no settles it",
    },
}
