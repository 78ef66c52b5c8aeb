"""What of an agent's mail goes to the person who asked, client by client; and what never does."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.answer import Answer, answer_of
from parsers.commands import parse_commands
from parsers.excerpt import words
from parsers.html import read_html
from parsers.mail import ParsedMail, parse_mail
from tests.parsers.clients import ATTRIBUTIONS, LANGUAGES, MARKUP, NEW, quoted
from tests.parsers.replies import CLIENTS, MARKER, OLD, PNG, TOKEN, Draft

PRIVATE = frozenset({"jo.martin@etnic.be", "equipe-interne@etnic.be"})
WRITERS = [client for client in CLIENTS if client != "plain"]

DRAFTS = {
    "fr": Draft(
        ["Bonjour,", "", "Débranchez l’écran\u00a0: attendez « dix » secondes.", "Bien à vous,", "Jo"],
        [
            "Bonjour,",
            "",
            "Débranchez <b>l’écran</b>&nbsp;: attendez «&nbsp;dix&nbsp;» secondes.",
            "Bien à vous,",
            "Jo",
        ],
    ),
    "nl": Draft(
        ["Dag,", "", "Trek de stekker uit, wacht tien seconden.", "Met vriendelijke groeten,", "Jo"],
        ["Dag,", "", "Trek de <i>stekker</i> uit, wacht tien seconden.", "Met vriendelijke groeten,", "Jo"],
    ),
    "de": Draft(
        ["Hallo,", "", "ziehen Sie den Stecker für zehn Sekunden.", "Mit freundlichen Grüßen", "Jo"],
        ["Hallo,", "", "ziehen Sie den <u>Stecker</u> für zehn Sekunden.", "Mit freundlichen Grüßen", "Jo"],
    ),
    "en": Draft(
        ["Hello,", "", "Unplug the “screen” for ten seconds.", "Kind regards,", "Jo"],
        ["Hello,", "", "Unplug the <b>“screen”</b> for ten seconds.", "Kind regards,", "Jo"],
    ),
}
CARD = [
    "",
    "Jo Martin",
    "Technicien | Service Desk ETNIC",
    "Boulevard du Jardin Botanique 20-22 – 1000 Bruxelles",
    "T +32 (0)2 690 81 00 • M 0475/12.34.56",
    "jo.martin@etnic.be",
]


def answer(content: bytes, decorations: frozenset[str] = frozenset(), known: str | None = None) -> Answer:
    """The answer in a mail, as the trunk asks for it."""
    mail = parse_mail(content)
    found = answer_of(
        mail, parse_commands(mail.reply_text).rest, private=PRIVATE, decorations=decorations, known=known
    )
    check(found)
    return found


def check(found: Answer) -> None:
    """What holds for every answer."""
    said = iter(words(found.text))
    assert all(word in said for word in words(read_html(found.html).whole))
    for spelling in (found.text, found.html):
        assert not re.search(
            r"##-|\(m:\w{9}|martin@|%40etnic|interne@|src=.http|abcdefghijklm\.", spelling.casefold()
        )
    shown = set(re.findall(r'"cid:([^"]*)"', found.html))
    assert shown <= {file.content_id for file in found.files}


@pytest.mark.parametrize("commands", [(), ("#prendre", "")])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_words_of_the_agent_go_and_nothing_else(
    client: str, language: str, commands: tuple[str, ...]
) -> None:
    draft = replace(DRAFTS[language], commands=commands)
    found = answer(CLIENTS[client](language, draft))
    assert words(found.text) == words("\n".join(draft.lines))
    if client != "plain":
        assert words(read_html(found.html).whole) == words(found.text)
        assert re.search(r"<(b|i|u)>", found.html)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_card_stays_behind(client: str) -> None:
    draft = replace(DRAFTS["fr"], card=CARD)
    found = answer(CLIENTS[client]("fr", draft))
    assert words(found.text) == words("\n".join(draft.lines))
    assert not re.search("Technicien|Bruxelles|690|0475", found.text + found.html)


@pytest.mark.parametrize("client", WRITERS)
def test_pictures_and_files_of_the_answer_go_along(client: str) -> None:
    draft = Draft(
        ["Voici l'écran à choisir"], pictures=["ecran.png"], files=[("mode d'emploi.pdf", "application/pdf")]
    )
    found = answer(CLIENTS[client]("fr", draft))
    assert [file.filename for file in found.files] == ["ecran.png", "mode d'emploi.pdf"]
    assert 'src="cid:ecran.png@01DC5B"' in found.html
    assert "cid:" not in found.text


@pytest.mark.parametrize("client", WRITERS)
def test_logos_do_not(client: str) -> None:
    draft = replace(DRAFTS["fr"], card=CARD, pictures=["logo.png"])
    found = answer(CLIENTS[client]("fr", draft))
    assert (found.files, "cid:" in found.html, "logo" in found.text) == ((), False, False)
    known = parse_mail(CLIENTS[client]("fr", Draft(["Oui."], pictures=["logo.png"])))
    stationery = frozenset(file.sha256 for file in known.attachments)
    found = answer(CLIENTS[client]("fr", Draft(["Oui."], pictures=["logo.png"])), stationery)
    assert (found.files, "cid:" in found.html, words(found.text)) == ((), False, ["Oui"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", MARKUP)
def test_html_alone_is_enough(client: str, language: str) -> None:
    for commands in ("", "#prendre\n", "#prendre\n\n#priorité haute\n\n"):
        found = answer(_html(MARKUP[client](language, commands + NEW[language])))
        assert words(found.text) == words(NEW[language])
        assert words(read_html(found.html).whole) == words(NEW[language])


def _html(body: str) -> bytes:
    head = "From: Jo Martin <jo.martin@etnic.be>\nSubject: Re: x\nContent-Type: text/html; charset=utf-8\n\n"
    return (head + body).encode()


def _text(body: str) -> bytes:
    return _html(body).replace(b"text/html", b"text/plain")


@pytest.mark.parametrize(
    "top",
    [
        "<div>#prendre</div><div>Oui, <b>fait</b>.</div>",
        "<p>#prendre</p><p>&nbsp;</p><p>Oui, <b>fait</b>.</p>",
        "#prendre<br><br>Oui, <b>fait</b>.<br>",
        "<p><span>#</span><span>prendre</span><br>&nbsp;<br>Oui, <b>fait</b>.</p>",
        "<div>\u00a0#prendre\u00a0</div><div><br></div><div>Oui, <b>fait</b>.</div>",
        "<pre>#prendre\n\nOui, <b>fait</b>.\n</pre>",
    ],
)
def test_commands_go_from_the_html_however_it_is_built(top: str) -> None:
    body = f"{top}<div class=gmail_quote><blockquote class=gmail_quote>{MARKER}</blockquote></div>"
    found = answer(_html(body))
    assert found.text == "Oui, fait."
    assert "Oui, <b>fait</b>." in found.html
    assert "#" not in found.html


def test_formatting_stays() -> None:
    body = (
        "<p>Voici&nbsp;:</p><ol start=3><li>le <i>câble</i><li>l’écran</ol><table><tr><td>A<td><td>B<tr><td>C"
        "<td>D<td></table><p><a href='https://etnic.be/x' onclick='x()'>le site</a>"
        " <font color='#ff0000'>rouge</font></p>"
        f"<script>x</script><div style='display:none'>caché</div><blockquote type=cite>{MARKER}</blockquote>"
    )
    html = answer(_html(body)).html
    assert '<ol start="3"><li>le <i>câble</i></li><li>l’écran</li></ol>' in html
    assert "<td>A</td><td></td><td>B</td>" in html
    assert "<td>C</td><td>D</td><td></td>" in html
    assert re.search(r'<a href="https://etnic.be/x"[^>]*>le site</a>', html)
    assert re.search(r"<span style=\"color:\s?#ff0000;?\">rouge</span>", html)
    assert not re.search("caché|script|onclick|##-", html)


# ---------------------------------------------------------------------- inline answers

BY = ATTRIBUTIONS["fr"][0]


@pytest.mark.parametrize("intro", ["", "Bonjour,\n\n"])
def test_answers_between_quoted_lines_go_with_what_they_answer(intro: str) -> None:
    body = f"#prendre\n\n{intro}{BY}\n{quoted(OLD)}\n\nÉteignez-le.\n\n> Quand ?\n\nHier.\n\n> fin"
    found = answer(_text(body))
    said = f"{intro}> Bonjour, l'écran du local 12 est noir.\n> Que dois-je faire ?\n\n"
    assert found.text.endswith("Éteignez-le.\n\n> Quand ?\n\nHier.")
    below = body.replace("\n>\n> #prendre   vous prenez la demande en charge", "")
    assert answer(_text(below)).text == f"{said}Éteignez-le.\n\n> Quand ?\n\nHier."


@pytest.mark.parametrize("quote", ["<blockquote type=cite>", '<blockquote class="gmail_quote">'])
def test_answers_between_quotations_of_html_do_so_in_html(quote: str) -> None:
    end = "</blockquote>"
    body = (
        f"<div>#prendre</div><div class=gmail_quote><div class=gmail_attr>{BY.replace('<', '&lt;')}</div>"
        f"{quote}{MARKER}<br><br>Quel poste ?{end}<div>Le <b>12</b>.</div>{quote}Quand ?{end}<div>Hier.</div>"
        f"{quote}Merci{end}</div>"
    )
    found = answer(_html(body))
    assert found.text.split("\n") == ["> Quel poste ?", "", "Le 12.", "> Quand ?", "", "Hier."]
    assert re.sub("<div>|</div>", "", found.html) == (
        "<blockquote>Quel poste ?</blockquote>Le <b>12</b>.<blockquote>Quand ?</blockquote>Hier."
    )


def test_a_question_that_the_person_does_not_know_stays_behind() -> None:
    asked = "> Demandeur : bénéficiaire à l'étude\nnoté\n\n> Quel poste ?\n\nLe 12."
    body = f"{BY}\n{asked}\n\nLe journal :\n\n> erreur 5"
    assert "étude" not in answer(_text(body), known="Bonjour. Quel poste ? Merci").text
    found = answer(_text(body), known="Bonjour. Quel poste ? Merci").text
    assert found.startswith("noté\n\n> Quel poste ?\n\nLe 12.")


def test_an_answer_to_all_of_a_quotation_keeps_none_of_it() -> None:
    assert answer(_text(f"{BY}\n> Quel poste ?\n>\n> Merci\n\nLe 12.")).text == "Le 12."
    assert answer(_text(f"Le 12.\n\n{BY}\n> Quel poste ?\n>\n> Merci")).text == "Le 12."


# ---------------------------------------------------------------------- what stays behind


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Écrivez-moi à jo.martin@etnic.be svp.", "Écrivez-moi à svp."),
        ("Ou à <Jo.Martin@ETNIC.be> ?", "Ou à ?"),
        ("Fait.\nMail : jo.martin@etnic.be<mailto:jo.martin@etnic.be>", "Fait."),
        ("Fait.\nTél. 02 690 81 00 | Mail : jo.martin@etnic.be", "Fait."),
        ("Fait.\n> mail: jo.martin+x@etnic.be", "Fait."),
        ("Voyez https://x.be/?u=jo.martin%40etnic.be svp", "Voyez https://x.be/?u= svp"),
        ("Tél. 00jo.martin@etnic.bejo.marjo.martin@etnic.betin@etnic.be svp", "Tél. 00 svp"),
        ("Ou jo.martin@\u200betnic.be ?", "Ou ?"),
        (f"Fait. (m:{TOKEN})", "Fait."),
        (f"Fait, voir <{TOKEN}@etnic.be>.", "Fait, voir ."),
        (f"Par support+{TOKEN}@etnic.be svp", "Par support@etnic.be svp"),
        (f"Par support+{TOKEN.upper()}@etnic.be svp", "Par support@etnic.be svp"),
        ("Le câble fait (m:2) et 0.5.", "Le câble fait (m:2) et 0.5."),
        (
            "Contact HP :\nTél. 02 123 45 67\nhelp@hp.example",
            "Contact HP :\nTél. 02 123 45 67\nhelp@hp.example",
        ),
    ],
)
def test_private_addresses_and_tokens_stay_behind(text: str, left: str) -> None:
    assert answer(_text(text)).text == left
    html = "".join(f"<div>{line}</div>" for line in text.replace("<", "&lt;").split("\n"))
    found = answer(_html(html))
    assert words(found.text) == words(left)
    assert not found.html or words(read_html(found.html).whole) == words(left)


def test_a_private_address_is_in_no_attribute() -> None:
    body = (
        "<p>Par <a href='mailto:jo%2Emartin@etnic.be'>ici</a> ou "
        "<a title='jo.martin@etnic.be' href='tel:1'>là</a> "
        f"<a href='https://x.be/{TOKEN}'>x</a><a href='https://x.be/ok'>y</a> jo.martin<b>@etnic.be</b></p>"
    )
    html = answer(_html(f"{body}<p>fin</p>")).html
    assert html == "" or ("ok" in html and "mailto" not in html and "title" not in html)


@pytest.mark.parametrize(
    "text",
    [
        "Appelez HP.\n\nHP Support\nTél. 02 123 45 67\nwww.hp.example",
        "Bien à vous,\nJo\n\nPS : redémarrez, puis appelez le 02 123 45 67 !",
        "Merci d'appeler le 02 123 45 67.\nCordialement",
        "Bonjour,\nMerci pour votre réponse\nTél. direct du fournisseur : 02 123 45 67",
        "Cordialement,\nJo\nIl reste une question : quel écran ?",
        "Premier point.\n--\nSecond point ?",
        "#1 le câble\n#2 l'écran",
        "Best practice is to restart.\nThe number:\n02 123 45 67",
    ],
)
def test_what_could_be_the_answer_is_no_card(text: str) -> None:
    assert answer(_text(text)).text == text


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("Cordialement,\n\nJo MARTIN\nService Desk\nTél. : 02 690 81 00", "Cordialement,\n\nJo MARTIN"),
        ("Bien à vous, Jo\n[cid:image001.png@01D]\nwww.etnic.be<http://www.etnic.be>", "Bien à vous, Jo"),
        ("MfG\nJo\nETNIC\n+32 2 690 81 00", "MfG\nJo"),
        ("Mvg,\nJo\nKruidtuinlaan 20\n1000 Brussel\nGSM: 0475 12 34 56", "Mvg,\nJo"),
        ("Martin Jo\nETNIC\nTel 02 690 81 00\nFax 02 690 81 01", "Martin Jo"),
        ("Kind regards,\nJo\n*Service Desk* | T. +32 2 690 81 00 | https://etnic.be", "Kind regards,\nJo"),
        ("Merci\nJo\n\nEnvoyé de mon iPhone", "Merci\nJo"),
        ("Jo\nObtenir Outlook pour iOS<https://aka.ms/o0ukef>", "Jo"),
        ("-- \nJo Martin\nTechnicien", ""),
        (
            "Belle journée !\nJo\n\nTechnicien\n02/690.81.00\n\nPS : merci.",
            "Belle journée !\nJo\n\nPS : merci.",
        ),
    ],
)
def test_cards(card: str, name: str) -> None:
    assert (
        answer(_text(f"C'est fait.\n\n{card}")).text.replace("\n\n\n", "\n\n")
        == f"C'est fait.\n\n{name}".strip()
    )


@pytest.mark.parametrize(
    ("name", "kind", "goes"),
    [
        ("a.pdf", "application/pdf", True),
        ("photo.png", "image/png", True),
        ("smime.p7s", "application/pkcs7-signature", False),
        ("smime.p7m", "application/pkcs7-mime", False),
        ("winmail.dat", "application/ms-tnef", False),
        ("invite.ics", "text/calendar", False),
        ("jo.vcf", "text/vcard", True),
    ],
)
def test_files(name: str, kind: str, goes: bool) -> None:
    found = answer(CLIENTS["outlook"]("fr", Draft(["Voici."], files=[(name, kind)])))
    assert [file.filename for file in found.files] == ([name] if goes else [])


@pytest.mark.parametrize(
    ("inside", "goes"),
    [
        ("Bonjour", True),
        (MARKER, False),
        (f"Message-ID: <{TOKEN}@etnic.be>", False),
        ("jo.martin@etnic.be", False),
    ],
)
@pytest.mark.parametrize("kind", ["message/rfc822", "text/vcard"])
def test_a_mail_or_card_that_tells_more_than_it_should_stays(kind: str, inside: str, goes: bool) -> None:
    content = (
        "From: jo.martin@etnic.be\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nVoici.\n--b\n"
        f"Content-Type: {kind}; name=x.eml\nContent-Disposition: attachment\n\n"
        f"Subject: x\n\n{inside}\n--b--\n"
    )
    found = answer(content.encode())
    assert (bool(found.files), bool(found.withheld)) == (goes, not goes)


def test_pictures_of_the_quotation_stay_behind() -> None:
    mail = CLIENTS["gmail"]("fr", Draft(["Oui."], pictures=["a.png"])).decode()
    moved = re.sub(r"(<img [^>]*>)(</div><br>.*?<blockquote[^>]*>)", r"\2\1", mail, flags=re.DOTALL)
    moved = moved.replace("[image: a.png]", "")
    found = answer(moved.encode())
    assert (found.text, found.files, "cid:" in found.html) == ("Oui.", (), False)


def test_where_html_says_something_else_only_the_text_goes() -> None:
    content = CLIENTS["outlook"]("fr", DRAFTS["fr"]).decode()
    found = answer(content.replace("<b>", "pas <b>").encode())
    assert (found.html, words(found.text)) == ("", words("\n".join(DRAFTS["fr"].lines)))


def test_a_picture_that_only_the_text_places_goes_along() -> None:
    draft = Draft(["Voici", "tout"], rich=["Voici", "rien"], pictures=["a.png"])
    found = answer(CLIENTS["outlook"]("fr", draft))
    assert (found.html, [file.filename for file in found.files]) == ("", ["a.png"])
    assert found.text == "Voici\ntout\n[a.png]"


# ---------------------------------------------------------------------- every mail

PIECES = st.sampled_from(
    [
        "<p>Bonjour,</p>", "<br>", "<div>", "</div>", "<blockquote type=cite>", "</blockquote>", "oui ",
        "<b>", "</b>", "<div>#prendre</div>", f"<p>{MARKER}</p>", f"<p>{BY.replace('<', '&lt;')}</p>", "<td>",
        "</table>", "<table>", "<li>un", "<pre>a\nb\n", "</pre>", "jo.martin@etnic.be", "<hr>",
        "<img src='cid:a@b'>", "<a href='mailto:jo.martin@etnic.be'>x</a>", "<img src='https://x.example/y'>",
        "&lt;b&gt;", "👍", "</p>", "<div style='display:none'>", "Cordialement,<br>Jo",
        "<br>Tél. 02 690 81 00", f"<p>{TOKEN}</p>", "<font color=red>", "<!-- x -->",
    ]
)  # fmt: skip
HTML = st.lists(PIECES, max_size=25).map("".join)


@given(HTML, st.one_of(st.none(), HTML))
def test_html_never_says_more_than_the_text(html: str, other: str | None) -> None:
    plain = re.sub("<[^>]*>", "\n", html if other is None else other)
    picture = f"--m\nContent-Type: image/png\nContent-ID: <a@b>\n\n{PNG.decode('latin-1')}\n"
    content = (
        "From: Jo Martin <jo.martin@etnic.be>\nIn-Reply-To: <a@b>\n"
        "Content-Type: multipart/related; boundary=m\n\n--m\n"
        "Content-Type: multipart/alternative; boundary=a\n\n"
        f"--a\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--a\nContent-Type: text/html; charset=utf-8\n\n{html}\n--a--\n{picture}--m--\n"
    )
    answer(content.encode())
    answer(_html(html))


@given(HTML, st.text(max_size=60))
def test_any_text_beside_any_html_is_answered(html: str, text: str) -> None:
    check(answer_of(_mail(html), text, private=PRIVATE, known=text))


def _mail(html: str) -> ParsedMail:
    return parse_mail(_html(html))
