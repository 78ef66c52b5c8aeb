"""Orders that name their ticket, from a digest, a list or the notification of another ticket (DESIGN 6)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import message, tokens
from maild.decide.decision import (
    Amend,
    AnswerAgent,
    Consult,
    Decision,
    Elsewhere,
    Note,
    OpenTicket,
    SendRelay,
    SendStory,
    StopClocks,
    TakeInCharge,
    all_of,
)
from maild.decide.facts import TicketFacts
from maild.decide.policy import Agent
from maild.decide.tokens import Purpose
from storage.records import MessageKind, Status
from tests.maild.decide.cases import ANNE, JEAN, KEY, NOON, facts, mail, policy, state, token
from tests.maild.decide.verbs.orders import ASKED, DESK

BOB = "bob@etnic.test"
LISTED = token(Purpose.ANSWER, key=tokens.NO_TICKET, to=ANNE)
NOTIFIED = token(Purpose.NOTIFICATION, key=KEY, to=ANNE)
TICKETS = tuple(replace(state(number), handling=ASKED) for number in (1001, 1042, 1043))
MERGED = replace(state(1044, status=Status.MERGED, merged_into=1043), handling=ASKED)


def decided(body: str, *more: TicketFacts, answers: str = LISTED, text: str = "", **headers: Any) -> Decision:
    """What a mail of Anne's means, in answer to a digest where nothing else is said."""
    world = facts(*TICKETS, *more, by_key={KEY: 1001})
    parent = {"In_Reply_To": f"<{answers}@etnic.test>"} if answers else {}
    read = mail(f"{body}\n{text}", sender=ANNE, subject="Re: Imprimante", **(parent | headers))
    return message.decide(read, world, DESK)


def elsewhere(decision: Decision) -> dict[int, tuple[Any, ...]]:
    """Ticket -> what is done there, besides its story."""
    return {
        one.ticket: tuple(change for change in one.changes if not isinstance(change, Note))
        for one in decision.changes
        if isinstance(one, Elsewhere)
    }


def answer(decision: Decision) -> tuple[str, ...]:
    """The lines that Anne reads."""
    (one,) = (change for change in decision.changes if isinstance(change, AnswerAgent))
    return tuple(line.replace("\u00a0", " ") for line in one.lines)


TAKEN = (TakeInCharge(agent=ANNE, at=NOON), StopClocks(at=NOON, by=ANNE, act="take"))


def test_a_digest_is_answered_by_orders_for_several_tickets() -> None:
    """Each on its own ticket, with a line that names it; the mail itself belongs to none."""
    decision = decided("#prendre 1042\n#assigner 1043 bob\n#priorité ETNIC-1001 haute")
    done = elsewhere(decision)
    assert (decision.ticket, decision.kind, decision.agent) == (None, MessageKind.COMMAND, ANNE)
    assert done[1042] == TAKEN
    assert [type(change).__name__ for change in done[1043]] == ["Amend", "StopClocks", "Brief"]
    assert done[1001] == (Amend(values=(("priority", "haute"),)),)
    lines = answer(decision)
    assert [number in line for number, line in zip(("1042", "1043", "1001"), lines, strict=True)] == [
        True
    ] * 3


def test_one_line_takes_several() -> None:
    """Each once, however it is written; two lines for one ticket are one sheet of its story."""
    decision = decided("#prendre 1042, ETNIC-1043 1042\n#attente 1043 2j")
    done = elsewhere(decision)
    assert done[1042] == TAKEN
    assert done[1043][:2] == TAKEN
    assert dict(done[1043][2].values)["status"] == Status.WAITING
    verbs = [
        dict(note.detail)["verbs"]
        for one in decision.changes if isinstance(one, Elsewhere)
        for note in one.changes if isinstance(note, Note)
    ]  # fmt: skip
    assert verbs == ["prendre", "prendre attente"]
    assert len(answer(decision)) == 3


@pytest.mark.parametrize(
    ("body", "why"),
    {
        "no such ticket": ("#prendre 1042 9999", "#prendre : ETNIC-9999 n’existe pas"),
        "no ticket named": ("#prendre", "de quel ticket ? "),
        "no ticket for one": ("#prendre 1042\n#attente 2j", "écrivez par exemple : #attente 1042 2j"),
        "an unclear span": ("#attente 3", "par exemple : #attente 1042 3"),
        "to whom": ("#assigner 1042", "ETNIC-1042 – #assigner : à qui ?"),
        "nobody": ("#prendre 1043\n#assigner 1042 zorro", "« zorro » est inconnu"),
        "no word": ("#prandre 1042", "vouliez-vous dire #prendre ?"),
        "a clash": ("#prendre 1042\n#assigner 1042 bob", "ne vont pas ensemble"),
        "a verb of its own numbers": ("#fusionner 1042", "ce message ne porte sur aucun ticket"),
        "too many": ("#prendre " + " ".join(map(str, range(1, 60))), "50 commandes au plus"),
        "words to a requester": ("#résolu 1042\n\nLe toner est remplacé.", "ne part pas"),
        "words and several": ("#clore 1042 1043\n\nC'est fait.", "répondez à la notification de ETNIC-1042"),
    }.values(),
)  # fmt: skip
def test_one_refusal_refuses_all(body: str, why: str) -> None:
    """Nothing is done on any ticket; the answer says why, with an example, and opens none."""
    decision = decided(body)
    assert [type(change) for change in decision.changes] == [AnswerAgent]
    assert any(why in line for line in answer(decision)), answer(decision)


def test_the_example_is_of_the_digest() -> None:
    """The first ticket that stands in what the mail quotes."""
    quoted = "\nLe 25/11, ETNIC a écrit :\n> [ETNIC-1043] Wifi\n"
    assert "par exemple : #prendre 1043" in answer(decided("#prendre", text=quoted))[0]


def test_a_merged_ticket_stands_for_its_survivor() -> None:
    """It is done there, and said; both numbers in one line are one ticket."""
    decision = decided("#prendre 1044 1043", MERGED)
    assert elsewhere(decision) == {1043: TAKEN}
    assert "(ETNIC-1044 est fusionné dans ETNIC-1043.)" in answer(decision)[0]


def test_a_named_ticket_beats_the_one_that_is_answered() -> None:
    """On the notification of 1001, `#prendre 1042` takes 1042; the answer says what stays as it was."""
    decision = decided("#prendre 1042", answers=NOTIFIED)
    assert (decision.ticket, elsewhere(decision)) == (1001, {1042: TAKEN})
    assert not any(isinstance(change, TakeInCharge) for change in decision.changes)
    assert "ETNIC-1001, dont vous avez reçu le message, n’a pas changé." in answer(decision)


def test_the_number_of_the_ticket_itself_changes_nothing() -> None:
    """As without it: the words below are an answer to its requester."""
    decision = decided("#prendre 1001\n\nJe m'en occupe cet après-midi.", answers=NOTIFIED)
    assert not elsewhere(decision)
    (sent,) = (change for change in decision.changes if isinstance(change, SendRelay))
    assert sent.text == "Je m'en occupe cet après-midi."


@pytest.mark.parametrize("given", ["1042/1043", "le 1042", "1042 et puis voilà", "10422222222"])
@pytest.mark.parametrize("verb", ["prendre", "résolu", "spam"])
def test_what_may_name_another_ticket_is_not_done_to_this_one(verb: str, given: str) -> None:
    """A number that was not understood refuses the order; in a note it is a word like any."""
    refused = decided(f"#{verb} {given}", answers=NOTIFIED)
    assert f"« {given} » n’a pas été compris" in answer(refused)[0]
    assert not any(isinstance(change, TakeInCharge | StopClocks | Amend) for change in refused.changes)
    assert "est gardé comme note" in answer(decided(f"#note {given}", answers=NOTIFIED))[0]


@pytest.mark.parametrize("body", ["#prendre\n#prendre 1042", "#prendre 1042"])
def test_words_below_orders_for_others_stay_inside(body: str) -> None:
    """Whose they are is not certain: they leave for nobody, and their author is told."""
    decision = decided(f"{body}\n\nJe m'en occupe cet après-midi.", answers=NOTIFIED)
    assert not any(isinstance(change, SendRelay) for change in decision.changes)
    assert 1042 in elsewhere(decision)
    assert decision.kind is MessageKind.NOTE
    assert answer(decision)[-1].startswith("Votre texte n’a été envoyé à personne")


COLLEAGUE = "bruno@etnic.test"


@pytest.mark.parametrize("order", ["#prendre", "#priorité haute", "#attente 2j", "#catégorie incident"])
def test_words_to_colleagues_stay_inside(order: str) -> None:
    """With an order above them as without one: a copy to a colleague is a talk among agents."""
    decision = decided(f"{order}\n\nEncore elle…", answers=NOTIFIED, Cc=COLLEAGUE)
    assert not any(isinstance(change, SendRelay) for change in decision.changes)
    assert decision.kind is MessageKind.NOTE
    assert len(answer(decision)) == 2
    assert answer(decision)[-1].startswith("Votre texte est gardé comme note interne sur ETNIC-1001")


def test_an_order_to_colleagues_without_words_is_only_an_order() -> None:
    """Nothing is said of words that are not there."""
    decision = decided("#prendre", answers=NOTIFIED, Cc=COLLEAGUE)
    assert (decision.kind, len(answer(decision))) == (MessageKind.COMMAND, 1)


@pytest.mark.parametrize("order", ["#résolu", "#prendre\n#résolu"])
def test_what_a_verb_sends_is_sent_to_whomever_the_mail_went(order: str) -> None:
    """Who resolves tells the requester, and says so by the verb."""
    decision = decided(f"{order}\n\nLe toner est là.", answers=NOTIFIED, Cc=COLLEAGUE)
    (sent,) = (change for change in all_of(decision.changes) if isinstance(change, SendRelay))
    assert "toner" in sent.text


def test_who_answers_the_requester_directly_has_his_words_on_the_ticket() -> None:
    """They are no secret from him, and the clock stops as for any answer."""
    decision = decided("#priorité haute\n\nNous venons.", answers=NOTIFIED, Cc=f"{COLLEAGUE}, {JEAN}")
    assert any(isinstance(change, SendRelay) for change in decision.changes)


def test_an_order_knows_what_those_above_it_do_elsewhere() -> None:
    """Nobody merges into a ticket that a line has just closed; the other way round both are done."""
    refused = decided("#clore 1042\n#fusionner 1042", answers=NOTIFIED)
    assert not elsewhere(refused)
    assert "rouvrez-le d’abord" in answer(refused)[0]
    merged = decided("#fusionner 1042\n#clore 1042", answers=NOTIFIED)
    kinds = [type(change).__name__ for change in merged.changes]
    assert kinds.index("Merge") < kinds.index("Elsewhere")


FILE = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n--b\r\nContent-Type: application/pdf; "
    'name="plan.pdf"\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF-1\r\n--b--\r\n'
)
_LINES = (
    "#prendre", "#prendre 1042", "#résolu 1042 1043", "#résolu", "#clore 1043", "#modèle 1042 delai",
    "#bénéficiaire 1042 non", "#hors-périmètre 1043 formation", "#assigner 1042 bob", "#note 1043",
    "#attente 1042 2j", "#annuler 1042", "#escalader 1043 réseau", "#relayer 1042", "#spam 1043",
)  # fmt: skip


@given(
    lines=st.lists(st.sampled_from(_LINES), min_size=1, max_size=4),
    words=st.sampled_from(("", "\nVoici le plan.\n", "\n> [ETNIC-1043] Wifi de Marie\n")),
    answers=st.sampled_from((LISTED, NOTIFIED)),
    has_file=st.booleans(),
)
def test_nothing_of_the_mail_leaves_below_orders_for_others(
    lines: list[str], words: str, answers: str, *, has_file: bool
) -> None:
    """Neither words nor files, whatever is ordered: what a digest quotes is other people's."""
    body = "\n".join(lines) + "\n" + words
    kind = {"Content_Type": "multipart/mixed; boundary=b"} if has_file else {}
    decision = decided(FILE.format(body) if has_file else body, answers=answers, **kind)
    if not elsewhere(decision):
        return
    for change in all_of(decision.changes):
        if isinstance(change, SendRelay):
            assert (change.text, change.html, change.files) == ("", "", ())
        if isinstance(change, Consult):
            assert (change.files, any("plan" in letter[2] for letter in change.letters)) == ((), False)


def test_a_signature_alone_is_no_text() -> None:
    """What programs put below every mail refuses nothing and is not mentioned."""
    decision = decided("#résolu 1042 1043\n\n-- \nAnne Dupont\nService Desk")
    sent = {n: [c for c in done if isinstance(c, SendRelay)] for n, done in elsewhere(decision).items()}
    assert [(one.notice, one.text, one.files) for (one,) in sent.values()] == [("resolved", "", ())] * 2
    assert len(answer(decision)) == 2


def test_a_note_is_kept_on_the_ticket_that_it_names() -> None:
    """With what stands on the line itself; whoever gets the ticket by the same mail reads it."""
    decision = decided("#assigner 1042 bob\n#note 1042\n#prendre 1043\n\nIl rappelle à midi.")
    (there,) = (one for one in decision.changes if isinstance(one, Elsewhere) and one.ticket == 1042)
    notes = [dict(c.detail) for c in there.changes if isinstance(c, Note) and c.kind == "note"]
    assert notes == [{"text": "Il rappelle à midi."}]
    assert [change.words for change in there.changes if hasattr(change, "words")] == ["Il rappelle à midi."]
    assert not any("personne" in line for line in answer(decision))
    (alone,) = (c for c in decided("#note ETNIC-1043 à suivre").changes if isinstance(c, Elsewhere))
    assert ("text", "à suivre") in [pair for c in alone.changes if isinstance(c, Note) for pair in c.detail]


def test_a_new_mail_orders_by_number_with_proof_alone() -> None:
    """As from anywhere; without proof it is a request of whoever wrote it, and nothing is done."""
    proven = "mx.etnic.test; dmarc=pass header.from=etnic.test"
    decision = decided("#prendre 1042", answers="", Authentication_Results=proven)
    assert elsewhere(decision) == {1042: TAKEN}
    for unproven in (
        decided("#prendre 1042", answers=""),
        decided("#prendre 1042", answers=token(Purpose.ANSWER, key=tokens.NO_TICKET, to=BOB)),
    ):
        assert not elsewhere(unproven)
        assert any(isinstance(change, OpenTicket) for change in unproven.changes)
        assert "nous n’avons pas pu vérifier" in answer(unproven)[0]


def test_his_own_request_is_no_bar() -> None:
    """In the thread of what he asked himself a named ticket is an order, and needs proof as any."""
    own = replace(state(1001, ANNE, requester_address=ANNE), handling=ASKED)
    receipt = token(Purpose.RECEIPT, to=ANNE)
    for results, expected in (("mx.etnic.test; dmarc=pass", {1042: TAKEN}), ("", {})):
        world = facts(own, *TICKETS[1:], by_key={KEY: 1001})
        read = mail(
            "#prendre 1042\n", sender=ANNE, In_Reply_To=f"<{receipt}@etnic.test>",
            Authentication_Results=results,
        )  # fmt: skip
        assert elsewhere(message.decide(read, world, policy(agents=(Agent(name="Anne", address=ANNE),)))) == (
            expected
        )


def test_what_asks_only_keeps_its_number() -> None:
    """`#complet 1042` from a digest is the story of 1042, beside orders for another."""
    decision = decided("#complet 1042\n#prendre 1043")
    (story,) = (change for change in decision.changes if isinstance(change, SendStory))
    assert (story.ticket, elsewhere(decision)) == (1042, {1043: TAKEN})


def test_a_list_that_was_asked_for_on_a_ticket_is_about_none() -> None:
    """Its thread leads to that ticket; a bare order is not meant for it."""
    world = facts(*TICKETS, by_key={KEY: 1001}, by_reference={"r1@etnic.test": (1001,)})
    read = mail(
        "#prendre\n", sender=ANNE, In_Reply_To=f"<{LISTED}@etnic.test>",
        References=f"<r1@etnic.test> <{LISTED}@etnic.test>",
    )  # fmt: skip
    decision = message.decide(read, world, DESK)
    assert (decision.ticket, decision.thread_reason) == (None, "list")
    assert "de quel ticket ?" in answer(decision)[0]
