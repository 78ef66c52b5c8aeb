"""Who writes on which ticket, and how the ledger explains it (DESIGN section 4)."""

from email.message import EmailMessage

import pytest

from storage.records import Status
from tests.scenarios.desk import ANNE, JEAN, Desk, mail, quoted, reply

STRANGER = "Marc Inconnu <marc@ailleurs.test>"
FORWARDED = (
    "Pouvez-vous regarder cela aussi ?\n\nDe : Jean Dupont <jean@ecole.test>\n"
    "Envoyé : lundi 25 novembre 2024 14:32\nÀ : support@etnic.test\nObjet : Imprimante en panne\n\nBonjour,\n"
)


@pytest.fixture
def begun(any_desk: Desk) -> Desk:
    """Jean has asked for help, with Luc in copy, and has his receipt."""
    any_desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    any_desk.once()
    return any_desk


@pytest.fixture
def told(desk: Desk) -> Desk:
    """The same beginning, on SQLite alone."""
    desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    desk.once()
    return desk


def receipt_of(desk: Desk, to: str = "jean@ecole.test") -> EmailMessage:
    """The receipt that the desk sent."""
    return desk.letters(to)[0]


def test_a_whole_conversation(begun: Desk) -> None:
    """The issue's own: each mail is where it belongs, and the stored verdicts say why; on both databases."""
    begun.receive(
        mail("refs@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test")),
        mail("tag@ecole.test", sender="luc@ecole.test", subject="[ETNIC-1001] Imprimante en panne"),
        mail("tagged@ailleurs.test", sender=STRANGER, subject="RE: [ETNIC-1001] Imprimante en panne"),
        mail(
            "forward@ecole.test",
            subject="TR: Imprimante en panne",
            body=FORWARDED,
            References=quoted("m1@ecole.test"),
        ),
        mail(
            "lost1@ecole.test", sender="eva@ecole.test", subject="Re: Badge", In_Reply_To="<gone@ecole.test>"
        ),
        mail(
            "lost2@ecole.test", sender="eva@ecole.test", subject="Re: Badge", References="<gone@ecole.test>"
        ),
        mail("other@ecole.test", subject="Commande de toner", References=quoted("m1@ecole.test")),
    )
    begun.once()
    refs, tag, stranger, forward = (
        begun.why(id_)
        for id_ in ("refs@ecole.test", "tag@ecole.test", "tagged@ailleurs.test", "forward@ecole.test")
    )
    assert (refs.ticket, refs.reason, refs.held()) == (1001, "references", ["references"])
    assert refs.verdicts["references"][2] == "<m1@ecole.test> belongs to this ticket"
    assert (tag.ticket, tag.reason, tag.held()) == (1001, "subject", ["subject"])
    assert tag.verdicts["references"][2] == "names no Message-ID"

    assert (stranger.reason, stranger.held()) == ("stranger", [])
    assert stranger.verdicts["subject"][1:] == (
        1001,
        "[ETNIC-1001] in the subject, but the sender takes no part in it",
    )
    assert begun.links(stranger.ticket or 0) == {1001}

    assert (forward.reason, forward.held()) == ("forward", ["forward", "references"])
    assert 1001 in begun.links(forward.ticket or 0)

    assert begun.number_of("lost1@ecole.test") == begun.number_of("lost2@ecole.test")
    assert begun.why("lost1@ecole.test").reason == "new"
    assert (
        begun.why("lost2@ecole.test").verdicts["references"][2] == "<gone@ecole.test> belongs to this ticket"
    )

    other = begun.why("other@ecole.test")
    assert (other.reason, 1001 in begun.links(other.ticket or 0)) == ("other_subject", True)
    assert begun.kinds(1001)[:3] == ["request", "reply", "reply"]
    assert len(begun.tickets()) == 5
    assert not begun.faults()


def test_a_copy_delivered_again_changes_nothing(begun: Desk) -> None:
    """The same mail by another way is one more sighting; no ticket, no receipt, no clock."""
    sent = len(begun.sent())
    begun.receive(
        b"Received: from elsewhere\r\nDelivered-To: x@etnic.test\r\n"
        + mail("m1@ecole.test", Cc="Luc <luc@ecole.test>")
    )
    begun.once()
    assert len(begun.tickets()) == 1
    assert len(begun.sent()) == sent
    assert begun.kinds(1001).count("request") == 1
    assert [event.kind for event in begun.story(1001)].count("sighted_again") == 1


def test_a_copy_changed_on_its_way_is_kept_beside_the_first(begun: Desk) -> None:
    """Same Message-ID, From and Date, other words (a footer): kept, no second receipt."""
    sent = len(begun.sent())
    begun.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>", body="Bonjour.\n\n[Mail vérifié]\n"))
    begun.once()
    assert begun.kinds(1001)[:2] == ["request", "copy"]
    assert len(begun.tickets()) == 1
    assert len(begun.sent()) == sent


def test_a_message_id_used_again_for_another_mail_is_ignored(begun: Desk) -> None:
    """Scanners and forgers reuse ids: another person's mail is another ticket that shows nothing."""
    begun.receive(
        mail("m1@ecole.test", sender="Eva <eva@autre.test>", subject="Copieur", body="Au secours !")
    )
    begun.once()
    first, second = begun.tickets()
    assert (first.requester_address, second.requester_address) == ("jean@ecole.test", "eva@autre.test")
    assert len(begun.letters("eva@autre.test")) == 1
    assert begun.links(second.id) == set()


def test_a_stranger_with_the_number_is_shown_nothing(told: Desk) -> None:
    """His receipt names his own ticket; neither Jean nor Luc hears of him, nor he of them."""
    told.receive(mail("t@ailleurs.test", sender=STRANGER, subject="[ETNIC-1001] Imprimante", body="Alors ?"))
    told.once()
    (receipt,) = told.letters("marc@ailleurs.test")
    whole = receipt.as_string()
    assert "ETNIC-1002" in whole
    assert "jean@" not in whole
    assert "Dupont" not in whole
    assert "luc@" not in whole
    assert len(told.letters("jean@ecole.test")) == 1
    assert told.kinds(1001)[0:1] == ["request"]


def test_a_stranger_with_the_message_id_is_shown_nothing_either(told: Desk) -> None:
    """An id is no secret: it stands in every copy of the mail."""
    told.receive(
        mail(
            "x@ailleurs.test",
            sender=STRANGER,
            subject="Re: Imprimante en panne",
            In_Reply_To="<m1@ecole.test>",
        )
    )
    told.once()
    found = told.why("x@ailleurs.test")
    assert (found.ticket, found.reason) == (1002, "stranger")
    assert told.links(1002) == {1001}


def test_a_reply_all_among_participants_brings_a_newcomer_in(told: Desk) -> None:
    """A colleague who answers Jean and the desk belongs here; Jean stays the requester."""
    told.receive(
        mail("all@ecole.test", sender="Paul <paul@ecole.test>", subject="Re: Imprimante en panne",
             to="jean@ecole.test, support@etnic.test", In_Reply_To="<m1@ecole.test>")
    )  # fmt: skip
    told.once()
    assert told.number_of("all@ecole.test") == 1001
    assert told.tickets()[0].requester_address == "jean@ecole.test"
    people = {row.address for row in told.rows("SELECT address FROM participant WHERE ticket_id = 1001")}
    assert people == {"jean@ecole.test", "luc@ecole.test", "paul@ecole.test"}


def test_a_reply_to_the_receipt_comes_home_by_its_token(told: Desk) -> None:
    """Our own Message-ID is signed: whoever has the receipt may add to the thread, whatever his address."""
    answer = reply("r@maison.test", receipt_of(told), "Encore une précision.\n", sender="jean@maison.test")
    told.receive(answer)
    told.once()
    found = told.why("r@maison.test")
    assert (found.ticket, found.reason) == (1001, "token")
    assert found.verdicts["token"] == (True, 1001, "a token that we signed")


def test_a_token_that_we_did_not_sign_is_worth_nothing(told: Desk) -> None:
    """One letter changed, and it is a stranger's Message-ID like any other."""
    letter = receipt_of(told)
    signed = str(letter["Message-ID"])
    forged = signed[:-15] + ("a" if signed[-15] != "a" else "b") + signed[-14:]
    letter.replace_header("Message-ID", forged)
    told.receive(reply("f@ailleurs.test", letter, "Montrez-moi tout.\n", sender=STRANGER, subject="Re: tout"))
    told.once()
    assert told.why("f@ailleurs.test").verdicts["token"][:2] == (False, None)
    assert told.number_of("f@ailleurs.test") != 1001


def test_a_server_that_shouts_our_token_does_not_break_it(told: Desk) -> None:
    """Some servers change the case of a Message-ID that they quote."""
    letter = receipt_of(told)
    letter.replace_header("Message-ID", str(letter["Message-ID"]).upper())
    told.receive(reply("up@ecole.test", letter, "Voici une photo.\n"))
    told.once()
    assert told.why("up@ecole.test").reason == "token"


@pytest.mark.parametrize(
    "subject",
    [
        "RE: [ETNIC-1001] Imprimante en panne",
        "AW: Imprimante en panne",
        "[EXTERNAL] Re: Imprimante en panne",
        "Antw.: Re: Imprimante en panne",
        "",
    ],
)
def test_prefixes_and_tags_make_no_other_subject(told: Desk, subject: str) -> None:
    """What clients and gateways put in front of a subject does not change its matter."""
    told.receive(mail("s@ecole.test", subject=subject, References=quoted("m1@ecole.test")))
    told.once()
    assert told.number_of("s@ecole.test") == 1001


@pytest.mark.parametrize("prefix", ["TR", "Fwd", "FW", "WG", "Doorst"])
def test_a_forward_is_a_new_matter_in_every_language(told: Desk, prefix: str) -> None:
    """Linked with the old one, so that the agent sees both."""
    subject = f"{prefix}: Imprimante en panne"
    told.receive(mail("f@ecole.test", subject=subject, body=FORWARDED, In_Reply_To="<m1@ecole.test>"))
    told.once()
    found = told.why("f@ecole.test")
    assert (found.ticket, found.reason) == (1002, "forward")
    assert told.links(1002) == {1001}


def test_the_words_of_a_subject_alone_bring_nobody_together(told: Desk) -> None:
    """Two people have a broken printer, and so has Jean twice."""
    told.receive(
        mail("b@ecole.test", sender="eva@ecole.test"),
        mail("c@ecole.test", at=None, body="Une autre imprimante, au deuxième étage.\n"),
    )
    told.once()
    assert [t.id for t in told.tickets()] == [1001, 1002, 1003]
    assert told.why("b@ecole.test").reason == "new"


def test_the_parent_may_come_after_its_reply(told: Desk) -> None:
    """Mail overtakes mail: the late one joins the ticket that quoted it."""
    told.receive(
        mail(
            "late2@ecole.test",
            sender="eva@ecole.test",
            subject="Re: Clé perdue",
            In_Reply_To="<late1@ecole.test>",
        ),
        mail("late1@ecole.test", sender="eva@ecole.test", subject="Clé perdue"),
    )
    told.once()
    assert told.number_of("late1@ecole.test") == told.number_of("late2@ecole.test") == 1002
    assert told.why("late1@ecole.test").verdicts["references"][2].endswith("was quoted in this ticket")
    assert len(told.letters("eva@ecole.test")) == 1


def test_a_client_that_drops_references_leaves_the_marker(told: Desk) -> None:
    """The marker in the quoted notification finds the ticket, for those who take part."""
    body = told.letters(ANNE)[0].get_body(("plain",))
    assert body is not None
    quote = "\n".join(f"> {line}" for line in body.get_content().splitlines())
    told.receive(mail("q@ecole.test", subject="Re: sans lien", body=f"Merci, voici la suite.\n\n{quote}\n"))
    told.receive(
        mail("q@ailleurs.test", sender=STRANGER, subject="Re: sans lien", body=f"Et moi ?\n\n{quote}\n")
    )
    told.once()
    assert told.why("q@ecole.test").verdicts["marker"][:2] == (True, 1001)
    assert told.why("q@ailleurs.test").verdicts["marker"][:2] == (False, 1001)
    assert told.number_of("q@ailleurs.test") != 1001


def set_status(desk: Desk, status: Status, **more: object) -> None:
    """What a command of a later issue will do."""
    from storage import database
    from storage.store import Store

    opened = database.open_database(desk.config().state.database)
    with Store(database=opened).write() as tx:
        tx.change_ticket(1001, status=status.value, **more)
    opened.close()


def test_a_reply_reopens_a_resolved_ticket_and_bare_thanks_do_not(told: Desk) -> None:
    """Thanks are shown, and start no clock."""
    set_status(told, Status.RESOLVED)
    told.receive(reply("th@ecole.test", receipt_of(told), "Merci beaucoup !\n"))
    told.once()
    assert told.tickets()[0].status is Status.RESOLVED
    assert told.why("th@ecole.test").ticket == 1001
    told.receive(reply("no@ecole.test", receipt_of(told), "Merci, mais cela ne marche toujours pas.\n"))
    told.once()
    assert told.tickets()[0].status is Status.TAKEN


def test_a_closed_ticket_gets_a_linked_successor(told: Desk) -> None:
    """What is closed stays closed."""
    set_status(told, Status.CLOSED)
    told.receive(reply("cl@ecole.test", receipt_of(told), "Elle est de nouveau en panne.\n"))
    told.once()
    assert (told.number_of("cl@ecole.test"), told.why("cl@ecole.test").reason) == (1002, "closed")
    assert told.links(1002) == {1001}
    assert told.tickets()[0].status is Status.CLOSED


def test_a_merged_ticket_passes_on_to_its_survivor(told: Desk) -> None:
    """However its author finds the old one."""
    told.receive(mail("two@ecole.test", subject="Imprimante toujours en panne"))
    told.once()
    set_status(told, Status.MERGED, merged_into=1002)
    told.receive(reply("mg@ecole.test", receipt_of(told), "Des nouvelles ?\n", sender=JEAN))
    told.once()
    assert told.number_of("mg@ecole.test") == 1002


def test_ten_mails_of_one_batch_find_each_other(told: Desk) -> None:
    """A thread that comes in one fetch is one ticket, because each mail sees those before it."""
    ids = [f"chain{n}@ecole.test" for n in range(10)]
    told.receive(
        *(
            mail(
                id_,
                sender="eva@ecole.test",
                subject=f"{'Re: ' if n else ''}Accès",
                References=quoted(*ids[:n]),
            )
            for n, id_ in enumerate(ids)
        )
    )
    told.once()
    assert {told.number_of(id_) for id_ in ids} == {1002}
    assert len(told.letters("eva@ecole.test")) == 1
