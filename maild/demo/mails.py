"""The mail that the rehearsal brings: people, machines and one wreck, as an IT desk meets them on a Monday.

Read by the demo alone, which appends each scene to the mailbox of its own IMAP server. Pure: the instant and
the desk's address are arguments, so the same rehearsal gives the same bytes. All people, schools and offices
are invented and live under ``.example`` (RFC 2606).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime

_MX = "mx.etnic.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a scene is played. ``answered`` is the Message-ID that the mail answers, without <>, or ""."""

    desk: str
    at: datetime
    answered: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One mail of the rehearsal.

    ``name`` is its key, ``title`` what the onlooker is told. ``hours_ago``: how long before the rehearsal the
    mail reached the mailbox (its INTERNALDATE). ``answers`` names the scene that the mail follows: its own
    Message-ID where ``to_receipt`` is False, that of the receipt it got where it is True.
    """

    name: str
    title: str
    content: Callable[[Moment], bytes]
    hours_ago: float = 0.0
    answers: str = ""
    to_receipt: bool = False

    @property
    def message_id(self) -> str:
        """The Message-ID of the mail, without <>; stays the same in every rehearsal."""
        return _message_id(self.name)

    def build(self, *, desk: str, now: datetime, answered: str = "") -> bytes:
        """The mail as it lies in the mailbox: RFC 5322 bytes with CRLF, or what a broken program made.

        ``desk`` is the desk's address, ``now`` the aware instant of the rehearsal; ``answered`` is needed
        where ``to_receipt`` is True, and found without it where the mail answers another scene.
        """
        at = now - timedelta(hours=self.hours_ago)
        own = "" if self.to_receipt or not self.answers else _message_id(self.answers)
        return self.content(Moment(desk=desk, at=at, answered=answered or own))


def agent_take(letter: bytes, agent_address: str, *, at: datetime | None = None) -> bytes:
    """The reply of an agent who takes the ticket in charge: ``#prendre``, the desk's letter quoted below.

    ``letter``: what the desk sent to that agent about the ticket. ``at`` defaults to two minutes after it.
    """
    asked = BytesParser(policy=SMTP).parsebytes(letter)
    sent = parsedate_to_datetime(asked["Date"])
    at = at or sent + timedelta(minutes=2)
    own_id, subject = asked["Message-ID"].strip("<> "), asked["Subject"]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = agent_address
    mail["To"] = asked["Reply-To"] or asked["From"]
    mail["Subject"] = f"RE: {subject}"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<prendre.{at:%Y%m%d%H%M%S}.{own_id.partition('@')[0][:40]}@bureau.example>"
    body = asked.get_body(("plain",))
    quoted = "".join(f"> {line}\n" for line in (body.get_content() if body else "").splitlines())
    mail.set_content(
        f"#prendre\n\nJe m’en occupe cet après-midi.\n\n-- \nAgent du Service Desk\n\n"
        f"Le {sent:%d/%m/%Y} à {sent:%H:%M}, {asked['From']} a écrit :\n{quoted}",
        cte="quoted-printable",
    )
    return _answering(mail, own_id, (*_ids(asked["References"]), own_id))


# --- people -------------------------------------------------------------------------------------------------


def _imprimante(moment: Moment) -> bytes:
    mail = _mail(
        moment,
        name="imprimante",
        sender="Claire Dumont <claire.dumont@athenee-nord.example>",
        subject="L’imprimante du secrétariat ne répond plus",
        program="Mozilla Thunderbird",
    )
    mail.set_content(
        """\
Bonjour,

Depuis ce matin, l’imprimante du secrétariat (2e étage, local 214) ne répond
plus. L’écran affiche « Hors ligne » et les documents restent dans la file
d’attente. Nous l’avons éteinte et rallumée deux fois, sans succès.

Les bulletins doivent partir demain : pourriez-vous nous aider ?

D’avance merci,

Claire Dumont
Secrétariat – Athénée du Nord
""",
        cte="quoted-printable",
    )
    return mail.as_bytes()


def _vpn(moment: Moment) -> bytes:
    """Outlook as it writes: HTML alone, in windows-1252, wrapped in Office's own marks."""
    mail = _mail(
        moment,
        name="vpn",
        sender="LAMBERT Hugo <hugo.lambert@administration.example>",
        subject="VPN : connexion refusée depuis la mise à jour",
        program="Microsoft Outlook 16.0",
    )
    mail["Thread-Topic"] = mail["Subject"]
    mail["Importance"] = "high"
    mail.set_content(
        """\
<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head>
<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">
<style><!-- p.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif;} --></style>
</head><body lang="FR-BE" link="#0563C1"><div class="WordSection1">
<p class="MsoNormal">Bonjour,<o:p></o:p></p>
<p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<p class="MsoNormal">Je suis en télétravail et le VPN refuse ma connexion
depuis la mise à jour d’hier soir&nbsp;:
<b>«&nbsp;Erreur 809 – le serveur ne répond pas&nbsp;»</b>. Mon collègue a le même problème.<o:p></o:p></p>
<p class="MsoNormal">Y a-t-il une manipulation à faire&nbsp;?<o:p></o:p></p>
<p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<p class="MsoNormal">Bien à vous,<o:p></o:p></p>
<p class="MsoNormal"><span style="color:#1F3864">Hugo LAMBERT<br>Attaché – Direction des bâtiments</span></p>
</div></body></html>
""",
        subtype="html",
        charset="windows-1252",
        cte="quoted-printable",
    )
    return mail.as_bytes()


def _mot_de_passe(moment: Moment) -> bytes:
    mail = _mail(
        moment,
        name="mot-de-passe",
        sender="Samira El Idrissi <s.elidrissi@ecole-des-tilleuls.example>",
        subject="Mot de passe expiré",
        program="iPhone Mail (22B91)",
    )
    mail.set_content(
        "Bonjour, mon mot de passe a expiré pendant mon congé et je ne peux plus ouvrir ma session."
        " Pouvez-vous le réinitialiser ? Je donne cours à 10 h 20.\n\nMerci !\nSamira\n\n"
        "Envoyé de mon iPhone\n",
        cte="base64",
    )
    return mail.as_bytes()


def _licence(moment: Moment) -> bytes:
    mail = _mail(
        moment,
        name="licence",
        sender='"Noël, Béatrice" <beatrice.noel@musee.example>',
        subject="Demande de licence pour un logiciel de mise en page",
        program="Mozilla Thunderbird",
    )
    mail.set_content(
        """\
Bonjour,

Une nouvelle graphiste rejoint notre équipe le 1er du mois. Pouvez-vous prévoir
une licence du logiciel de mise en page sur son poste (PC-0417) ?

Vous trouverez le bon de commande signé en pièce jointe.

Cordialement,
Béatrice Noël
""",
        cte="quoted-printable",
    )
    mail.add_attachment(
        _pdf("Bon de commande 2026-118 : une licence, poste PC-0417"),
        maintype="application",
        subtype="pdf",
        filename="Bon de commande n° 2026-118.pdf",
    )
    mail.set_boundary("------------licence.7GkT")
    return mail.as_bytes()


def _boite_partagee(moment: Moment) -> bytes:
    """The mail that nobody has looked at since yesterday: the last hours of its limit pass meanwhile."""
    mail = _mail(
        moment,
        name="boite-partagee",
        sender="Thomas Vandeput <thomas.vandeput@centre-pms.example>",
        subject="Messagerie : accès à la boîte partagée « inscriptions »",
        program="Mozilla Thunderbird",
    )
    mail["Cc"] = "Isabelle Gérard <isabelle.gerard@centre-pms.example>"
    mail.set_content(
        """\
Bonjour,

Je remplace Mme Pirard depuis lundi et je n’ai pas accès à la boîte partagée
« inscriptions ». Les parents attendent une réponse de notre part.

Ma responsable, Mme Gérard, est en copie et confirme la demande.

Bien à vous,
Thomas Vandeput
""",
        cte="8bit",
    )
    return mail.as_bytes()


def _gedeelde_map(moment: Moment) -> bytes:
    mail = _mail(
        moment,
        name="gedeelde-map",
        sender="Wouter Claes <wouter.claes@bibliotheek.example>",
        subject="Geen toegang meer tot de gedeelde map",
        program="Mozilla Thunderbird",
    )
    mail.set_content(
        """\
Goedemorgen,

Sinds vanochtend kan ik de gedeelde map van onze dienst niet meer openen. Ik krijg
de melding dat ik geen toestemming heb, terwijl het vrijdag nog gewoon werkte.
Kunt u nakijken of mijn rechten gewijzigd zijn?

Met vriendelijke groeten,
Wouter Claes
""",
        cte="quoted-printable",
    )
    return mail.as_bytes()


def _laufwerk(moment: Moment) -> bytes:
    mail = _mail(
        moment,
        name="laufwerk",
        sender="Jürgen Möller <juergen.moeller@ostbelgien.example>",
        subject="Das Netzlaufwerk wird nicht mehr angezeigt",
        program="Mozilla Thunderbird",
    )
    mail.set_content(
        """\
Guten Tag,

seit dem Neustart heute Morgen wird das Netzlaufwerk unserer Abteilung nicht mehr
angezeigt. Können Sie bitte prüfen, ob es wieder verbunden werden kann?

Mit freundlichen Grüßen
Jürgen Möller
""",
        charset="iso-8859-1",
        cte="quoted-printable",
    )
    return mail.as_bytes()


def _imprimante_suite(moment: Moment) -> bytes:
    """A later mail of the same person, by References alone: she wrote below her own mail."""
    mail = _mail(
        moment,
        name="imprimante-suite",
        sender="Claire Dumont <claire.dumont@athenee-nord.example>",
        subject="Re: L’imprimante du secrétariat ne répond plus",
        program="Mozilla Thunderbird",
    )
    mail.set_content(
        """\
Une précision : le numéro d’inventaire de l’imprimante est IMP-0214.

Claire Dumont

> Depuis ce matin, l’imprimante du secrétariat (2e étage, local 214) ne répond
> plus.
""",
        cte="quoted-printable",
    )
    return _answering(mail, "", (moment.answered,))


# --- machines -----------------------------------------------------------------------------------------------


def _absence(moment: Moment) -> bytes:
    """An absence notice that answers our receipt (RFC 3834): answered, it would begin a loop."""
    mail = _mail(
        moment,
        name="absence",
        sender='"Noël, Béatrice" <beatrice.noel@musee.example>',
        subject="Absence du bureau : Demande de licence pour un logiciel de mise en page",
        program="Microsoft Exchange",
    )
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(
        "Bonjour,\n\nJe suis absente jusqu’à lundi. En cas d’urgence, adressez-vous à l’accueil du musée.\n\n"
        "Béatrice Noël\n",
        cte="quoted-printable",
    )
    return _answering(mail, moment.answered, (moment.answered,))


def _lettre(moment: Moment) -> bytes:
    """A newsletter: a program writes it, a list sends it (RFC 2369, RFC 2919)."""
    mail = _mail(
        moment,
        name="lettre",
        sender="Bureautique Actuelle <nouvelles@bureautique.example>",
        subject="Les dix nouveautés de la semaine",
        program="Campagnes 4.2",
    )
    mail["List-Id"] = "Nouvelles de la bureautique <nouvelles.bureautique.example>"
    mail["List-Unsubscribe"] = "<mailto:desinscription@bureautique.example>"
    mail["Precedence"] = "bulk"
    mail.set_content("Bonjour,\n\nDécouvrez notre sélection de la semaine.\n", cte="quoted-printable")
    mail.add_alternative("<p>Bonjour,</p><p>Découvrez notre sélection de la semaine.</p>", subtype="html")
    mail.set_boundary("=_lettre.31")
    return mail.as_bytes()


def _non_remis(moment: Moment) -> bytes:
    """A delivery status notification (RFC 3464): a receipt of ours met a full mailbox."""
    recipient = "s.elidrissi@ecole-des-tilleuls.example"
    return _lines(
        "Return-Path: <>",
        *_received(moment),
        "From: Mail Delivery System <MAILER-DAEMON@mx.ecole-des-tilleuls.example>",
        f"To: <{moment.desk}>",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(moment.at)}",
        f"Message-ID: <{_message_id('non-remis')}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="dsn.4Xq1"',
        "",
        "--dsn.4Xq1",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "",
        f"<{recipient}>: host mx.ecole-des-tilleuls.example said: 552 5.2.2 Mailbox full",
        "",
        "--dsn.4Xq1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.ecole-des-tilleuls.example",
        f"Arrival-Date: {format_datetime(moment.at)}",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        "Status: 5.2.2",
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full",
        "",
        "--dsn.4Xq1",
        "Content-Type: text/rfc822-headers",
        "",
        f"From: <{moment.desk}>",
        f"To: <{recipient}>",
        f"Message-ID: <{moment.answered}>",
        "Auto-Submitted: auto-replied",
        "",
        "--dsn.4Xq1--",
    )


def _epave(moment: Moment) -> bytes:
    """A wreck: no closing boundary, an unknown charset, bare Latin-1 in the headers, a date of nowhere."""
    return _lines(
        *_received(moment),
        "From: Poste d'accueil <accueil@halle-aux-sports.example>",
        f"To: {moment.desk}",
        "Subject: Écran noir à l'accueil",
        "Date: Lundi 32 brumaire, 25:61",
        f"Message-ID: <{_message_id('epave')}>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="perdu',
        "",
        "--perdu",
        "Content-Type: text/plain; charset=x-inconnu",
        "Content-Transfer-Encoding: 9bit",
        "",
        "Bonjour, l'écran de l'accueil reste noir après le démarrage. Merci de passer.",
        "",
        "--perdu",
        'Content-Type: image/png; name="ecran.png"',
        "Content-Transfer-Encoding: base64",
        "",
        "iVBORw0KGgo====AAA*",
        charset="iso-8859-1",
    )


SCENES: tuple[Scene, ...] = (
    Scene(name="imprimante", title="Une imprimante muette : un mail ordinaire", content=_imprimante),
    Scene(name="vpn", title="Outlook, qui n’écrit qu’en HTML", content=_vpn),
    Scene(
        name="boite-partagee",
        title="Un mail que personne n’a vu depuis hier",
        content=_boite_partagee,
        hours_ago=19.3,
    ),
    Scene(
        name="mot-de-passe",
        title="Écrit sur un téléphone, il y a deux heures",
        content=_mot_de_passe,
        hours_ago=2,
    ),
    Scene(name="licence", title="Une demande avec un PDF en pièce jointe", content=_licence, hours_ago=1),
    Scene(name="gedeelde-map", title="Une demande en néerlandais", content=_gedeelde_map),
    Scene(name="laufwerk", title="Une demande en allemand, en Latin-1", content=_laufwerk),
    Scene(
        name="imprimante-suite",
        title="Une suite, reconnue à ses références",
        content=_imprimante_suite,
        answers="imprimante",
    ),
    Scene(
        name="absence",
        title="Un avis d’absence répond à notre accusé",
        content=_absence,
        answers="licence",
        to_receipt=True,
    ),
    Scene(name="lettre", title="Une lettre d’information", content=_lettre),
    Scene(
        name="non-remis",
        title="Un accusé revient : boîte pleine",
        content=_non_remis,
        answers="mot-de-passe",
        to_receipt=True,
    ),
    Scene(name="epave", title="Un mail abîmé, d’une personne qui attend", content=_epave),
)


# --- how a mail is put together -----------------------------------------------------------------------------


def _mail(moment: Moment, *, name: str, sender: str, subject: str, program: str) -> EmailMessage:
    """The headers that every program writes; the caller adds the body."""
    mail = EmailMessage(policy=SMTP)
    for line in _received(moment):
        header, _, value = line.partition(": ")
        mail[header] = value
    mail["From"] = sender
    mail["To"] = f"Service Desk <{moment.desk}>"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(moment.at)
    mail["Message-ID"] = f"<{_message_id(name)}>"
    mail["User-Agent" if "Thunderbird" in program else "X-Mailer"] = program
    return mail


def _answering(mail: EmailMessage, parent: str, ancestors: Sequence[str]) -> bytes:
    """The mail with its threading headers (RFC 5322 section 3.6.4), one id a line; ``parent`` "" for none.

    Written by hand, because the email package hides an id that is too long for its line in encoded-words.
    """
    lines = [f"In-Reply-To: <{parent}>"] if parent else []
    lines.append("References: " + "\r\n ".join(f"<{one}>" for one in ancestors))
    return "".join(f"{line}\r\n" for line in lines).encode() + mail.as_bytes()


def _received(moment: Moment) -> Iterator[str]:
    """The trace of the last hop (RFC 5321 section 4.4)."""
    yield f"Received: from relay.example by {_MX} with ESMTPS; {format_datetime(moment.at.astimezone(UTC))}"


def _message_id(name: str) -> str:
    return f"{name}.demo@mail.example"


def _ids(field: str | None) -> list[str]:
    return [one.strip("<>") for one in (field or "").split()]


def _lines(*lines: str, charset: str = "utf-8") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(charset)


def _pdf(line: str) -> bytes:
    """One page with one line on it, small but sound: viewers open it."""
    shown = line.encode("latin-1").replace(b"(", b"[").replace(b")", b"]")
    page = b"BT /F1 14 Tf 60 760 Td (" + shown + b") Tj ET"
    fonts = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    )
    pdf, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(pdf))
    return pdf + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer
