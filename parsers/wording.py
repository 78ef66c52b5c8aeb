"""What mail software writes when mail does not arrive: tables that ``notices`` judges by.

Each table is matched against ``folded`` text. A row is there for the software or the language its comment
names; to know one more program is to add a row. Patterns are bounded, so that every search is linear.
"""

import re
from typing import Final

from parsers.folding import table

# ---------------------------------------------------------------------------------------------- who writes

_BEHIND_NAME: Final = r"(?:[+=-][^@]{0,200})?\"?\\?(?:@|$)"  # a detail as in mailer-daemon+x, a stray quote
# No person has such a name.
DAEMONS: Final = table(
    r"mailer-?daemon",
    r"mail-?daemon",
    r"mail[._-]?delivery(?:[._-]?(?:sub)?system)?",
    r"mail[._-]?system",
    r"microsoftexchange[0-9a-f]*",  # Exchange Online adds 32 hexadecimal digits
    r"mdaemon",
    r"smtp-daemon",
    r"mmdf",
    r"uucp",
    before=r"\"?",
    after=_BEHIND_NAME,
)
DAEMON_NAMES: Final = table(r"mail delivery (?:sub)?system", r"mailer[- ]daemon")
# Mostly programs, now and then the person who looks after them.
ROLES: Final = table("post[-_]?master", before=r"\"?", after=_BEHIND_NAME)
# Names that programs like; believed only when subject and text both speak of a failed delivery.
PROGRAMS: Final = table(
    "smtp", "mail.?service", "anti-?virus", "gateway", "imss", "system", "admin", "daemon", "mailer", "root",
    "no-?reply", "exchange", "bounce", "ndr", "listserv", "router", "delivery",
)  # fmt: skip
# Programs that people write with; a server that reports does not name one of them.
MAIL_CLIENTS: Final = table(
    "outlook", "apple mail", "iphone", "ipad", "thunderbird", "roundcube", "zimbra", "lotus notes", "horde",
    "evolution", "squirrelmail", "webmail", "yahoomail", "k-?mail", "mutt", "the bat", "eudora", "airmail",
    "samsung", "android", "sogo", "windows (?:live )?mail", "em client", "postbox",
)  # fmt: skip

# ----------------------------------------------------------------------------------------- how it is worded

_FAILING: Final = (
    # English: Sendmail, Postfix, Exim, qmail, Exchange, Notes, and those who write like them
    r"undeliver",
    r"non-?deliver(?:y|able)",
    r"not (?:yet )?(?:been )?delivered",
    r"unable to (?:deliver|send)",
    r"(?:could ?n[o']t|can(?:no|')t) (?:be (?:delivered|sent)|send|deliver)",
    r"returned (?:e-?mail|mail|message|to sender)",
    r"returning (?:the )?(?:e-?mail |mail |message )?to sender",
    r"failure (?:notice|delivery)",
    r"failed (?:e-?mail|mail|recipient|delivery)",
    r"(?:mail|delivery|message) (?:system )?(?:has )?(?:fail|error|problem)",
    r"delivery (?:status|report|notification|warning|notice|delayed)",
    r"delivery (?:of|to the following)",
    r"message (?:status|delayed|not|could)",
    r"(?:error|problem|trouble|failed) (?:sending|delivering|to deliver)",
    r"(?:message|mail|delivery|warning:).{0,20} delayed",
    r"postponed due to",
    r"(?:e-?mail|mail) not sent",
    r"mailbox (?:is )?full",
    r"\bndn\b",  # FirstClass
    r"rejected (?:e-?mail|mail|message)",
    r"automatically rejected",
    r"blocked by (?:our|the)",
    r"permanent (?:error|failure)",
    r"(?:user|recipient|address|host) (?:unknown|not found)",
    r"unknown (?:user|recipient|address|host)",
    r"no (?:valid recipients|such (?:user|address))",
    # French: Exchange, Domino, the providers
    r"non[- ](?:remi[st]|distribu|delivr|achemin)",
    r"pas (?:encore )?(?:pu )?(?:ete |etre )?(?:delivre|remis|distribue|achemine)",
    r"echec (?:de (?:la |l')?|d')(?:remise|livraison|distribution|envoi|acheminement|transmission)",
    r"remise (?:differee|impossible|retardee|du message)",
    r"retour(?:ne)? (?:a l'expediteur|de courrier)",
    r"(?:avis|rapport|accuse) de non",
    r"(?:message|courriel|courrier|mail) (?:rejete|refuse|bloque)",
    r"notification d'etat de remise",
    # Dutch
    r"onbestelbaar",
    r"niet (?:worden )?(?:bezorgd|afgeleverd|verzonden|besteld)",
    r"(?:bezorging|aflevering|verzending|bestelling)\b.{0,60}\b(?:mislukt|vertraagd)",
    r"(?:aflever|bezorg|bestel)\w{0,10}fout",
    r"retour afzender",
    # German
    r"unzustellbar",
    r"nicht (?:zugestellt|zustellbar|ausgeliefert)",
    r"zustellung (?:fehl|nicht|verz|der)",
    r"zustell(?:ungs)?(?:fehler|benachrichtigung|problem)",
    r"(?:zustellung|ubermittlung)\b.{0,40}\bfehlgeschlagen",
    r"zuruck an (?:den )?absender",
    # Spanish, Italian, Portuguese
    r"no (?:se (?:puede|ha podido) )?entrega",
    r"non recapitabil",
    r"mancat[ao] (?:recapito|consegna)",
    r"impossibile (?:recapitare|consegnare)",
    r"nao (?:foi possivel )?entreg",
    # Russian, Chinese, Japanese
    r"не ?доставлен",
    r"не удалось доставить",
    r"退信|退回",
    r"配信(?:不能|失敗|でき)|届きません",
)
# A subject that says that mail did not arrive, or not yet.
FAILURE: Final = table(*_FAILING)
# Sentences that say so.
MISSED: Final = table(
    *_FAILING,
    r"(?:not|n't) (?:be |been )?(?:deliver|reach|sent|found|resolved|accepted|recogni[sz]ed|receive)",
    r"fatal (?:delivery )?errors?",
    r"(?:has been|was) returned",
    r"delivery .{0,60}(?:failed|delayed|postponed)",
    r"\b(?:failed|blocked|rejected|refused|exceeds|over quota|is full|discarded)\b",
    r"\bdo(?:es not|esn't) exist",
    r"problem with the (?:e-?mail )?address",
    r"ne peut (?:pas )?(?:etre|accepter)",
    r"impossible de (?:joindre|remettre|trouver|distribuer)",
    r"n'est pas (?:parvenu|arrive)",
    r"n'existe pas",
    r"est (?:introuvable|inconnue?|differee?|pleine|retardee?)\b",
    r"\b(?:ete|est) (?:rejete|refuse|bloque)",
    r"n'a (?:pas |pu )",
    r"(?:kan|kon|kunnen|is|werd) niet\b",
    r"\bbestaat niet",
    r"kan bericht niet",
    r"(?:konnte|wurde|kann|konnen|hat)\b.{0,60}\bnicht\b",
    r"nicht (?:erreicht|gefunden|zustellbar)",
    r"existiert nicht",
    r"nachrichtenzustellung",
)
# The first words of a notice, as its software writes them to the sender; people begin otherwise.
_LEAD: Final = r"[\W_]{0,400}"  # stars, lines and blanks in front
OPENING: Final = table(
    # "This is the mail system at host", "Hi. This is the qmail-send program"
    r"(?:(?:hi|hello)[.,!]\W{0,9})?this is (?:a|an|the) (?:\w+ ){0,3}(?:mail|message|e-?mail|delivery|program"
    r"|notification|report|collection|mailer)",
    # "This message was created automatically", "This report relates to", "This Message was undeliverable"
    r"this (?:message|report|e-?mail|mail|document) (?:was|is|has been|relates|could)\b",
    r"(?:your|the|an?) (?:following |attached |original |e-?mail |mail )?(?:message|e-?mail|mail|document)\b",
    r"(?:sorry|unfortunately|regrettably|we|i|the mail system)\b.{0,40}\b(?:unable|could not|couldn't|cannot"
    r"|wasn't able|was not able|not delivered|trouble|failed|your (?:e-?mail|mail|message))",
    r"(?:unable|could not|couldn't|cannot|failed|failure) (?:to |deliver)",
    r"(?:delivery|undeliverable|undelivered|returned|failure reasons|message log) ",
    r"failed (?:mail|address|recipient)",
    r"(?:unknown|invalid) (?:user|recipient|address|final)",
    r"(?:address|recipient|mailbox) (?:not found|blocked|unknown|full)",
    r"message (?:not delivered|blocked|from|could)",
    r"user mailbox exceeds",
    r"the (?:following|user|recipient)",
    r"with regard to your message",
    r"warning\b",
    r"an error (?:has )?occurred",
    r"(?:there(?:'s| is| was)|we(?:'re| are)) (?:a problem|an error|sorry)",
    r"mailenable:",
    # French
    r"votre (?:message|courriel|courrier|e-?mail|mail|document)\b",
    r"(?:echec (?:de|d')|la remise (?:a|de|du)\b|impossible (?:de|d')|desole|avertissement)",
    r"ce(?:ci)? (?:message|courriel|courrier|est)\b",
    r"le (?:message|courriel|courrier|mail) (?:envoye|suivant|que|destine|adresse)\b",
    r"nous (?:sommes au regret|n'avons)",
    r"bonjour[.,]\W{0,9}ici le",
    r"adresse (?:introuvable|inconnue)",
    # Dutch
    r"(?:uw|je) (?:bericht|e-?mail|mail|document)\b",
    r"(?:bezorging|dit (?:is|bericht)|het (?:spijt ons|onderstaande|volgende)|de volgende|kan bericht)\b",
    r"adres niet gevonden",
    # German
    r"ihre? (?:nachricht|e-?mail|mail|dokument)\b",
    r"(?:fehler bei|diese (?:nachricht|e-?mail|mail)|folgende|leider|adresse nicht gefunden)\b",
    r"die (?:zustellung|folgende|nachricht|e-?mail)\b",
    before=_LEAD,
)
# What only a program writes, from whatever address, as its first sentence; first the cheap half of it.
FORMULA_BEGINS: Final = re.compile(_LEAD + r"(?:your|votre|uw|ihre)\b", re.IGNORECASE)
FORMULA: Final = table(
    r"your (?:e-?mail |mail )?(?:message|e-?mail|mail)\b[^.!?]{0,160}"
    r"\b(?:could not be|couldn't be|cannot be|was not|wasn't|has not been) (?:delivered|sent)",
    r"votre (?:message|courriel|e-?mail|mail)\b[^.!?]{0,160}"
    r"\bn'a (?:pas pu|pu|pas) etre (?:delivre|remis|distribue|achemine)",
    r"uw (?:bericht|e-?mail|mail)\b[^.!?]{0,160}\bniet (?:worden )?(?:bezorgd|afgeleverd)",
    r"ihre (?:nachricht|e-?mail|mail)\b[^.!?]{0,160}\bnicht (?:zugestellt|ausgeliefert)",
    before=_LEAD,
)
GREETING: Final = table(
    "bonjour", "bonsoir", r"cher\b", "chere", "madame", "monsieur", "salut", "hello", r"hi\b", "dear",
    "good (?:morning|day|afternoon)", "beste", "geachte", "hallo", r"dag\b", "goede", "guten",
    "sehr geehrte", "liebe",
    before=r"[\W_]{0,40}", after=r"[^\n]{0,80}",
)  # fmt: skip
# What a person lets slip in who tells of such a notice, or asks.
PERSONAL: Final = table(
    r"\?(?:\s|$)",
    r"\b(?:i|we|my|our|je|j'ai|nous|mon|mes|ma|ik|mijn|ich|mein\w{0,2}|wir)\b",
    r"\b(?:regards|thanks|thank you|cordialement|bien a vous|merci|groeten|groet|bedankt|mvg|mfg|danke)\b",
    r"\bgru(?:ss|ß)",
)
# What a program that reports of mail speaks of, and one that reports of parcels does not.
MAIL: Final = table(
    "message", "document", "e-?mail(?! address)", "mail(?! address)", "courriel", "courrier", "bericht",
    "nachricht",
    before=r"\b", after=r"\b",
)  # fmt: skip
DELAYED: Final = table(
    r"delayed",
    r"delays? (?:in )?delivery",
    r"(?:will|to) (?:be retried|keep trying|continue to |retry)",
    r"still being retried",
    r"not yet (?:been )?delivered",
    r"warning: (?:message|could not send)",
    r"this is (?:just |only )?a warning",
    r"temporar(?:y|ily) (?:failure|problem|deferred)",
    r"do not need to resend",
    r"postponed",
    r"delivery (?:attempts will continue|incomplete|pending)",
    r"mail delivery warning",
    r"(?:remise|distribution|livraison) (?:differee|retardee|incomplete)",
    r"est (?:differee|retardee)",
    r"probleme temporaire",
    r"nouvelles tentatives",
    r"pas encore (?:pu etre |ete )?(?:remis|delivre|distribue)",
    r"verzogert",
    r"noch nicht zugestellt",
    r"weitere (?:zustell)?versuche",
    r"vertraagd",
    r"nog niet (?:bezorgd|afgeleverd)",
    r"opnieuw (?:geprobeerd|proberen)",
)
GIVEN_UP: Final = table(
    r"permanent",
    r"giv(?:en|ing) up\b(?!,)",  # Exim's "will give up, and when that happens" is still to come
    r"will not (?:be retried|continue)",
    r"no further",
    r"definiti(?:ve|ef)",
    r"endgultig",
)
# Good news: relayed, delivered, opened (RFC 3464 2.3.3 knows them as well).
SUCCESS: Final = table(
    r"(?:delivered|relayed|expanded|remis|relaye|bezorgd|doorgestuurd|zugestellt|ubermittelt|weitergeleitet)\s*:",
    r"(?:return|delivery) receipt",
    r".{0,60}\bsuccess",
    r".{0,60}\bstatus - (?!undeliver)",
    r"delivery status notification \((?:success|relay)",
    before=r"\s*",
)
# Read receipts in words: the subject, then the one sentence that their software knows.
RECEIPT_SUBJECT: Final = table(
    r"(?:not |non |un|niet )?(?:read|lue?|gelesen|gelezen)\s*:",
    r"return receipt",
    r"message status - (?:opened|read|deleted)",
    before=r"\s*",
)
RECEIPT: Final = table(
    r"your (?:message|document)\b[^\0]{0,1500}?\bwas (?:read|opened|received|deleted)\b",
    r"votre message\b[^\0]{0,1500}?\ba ete (?:lu|supprime)\b",
    r"ihre nachricht\b[^\0]{0,1500}?\bwurde\b[^\0]{0,80}(?:gelesen|geloscht)\b",
    r"uw bericht\b[^\0]{0,1500}?\b(?:is|werd)\b[^\0]{0,80}(?:gelezen|verwijderd)\b",
    before=r"[\W_]{0,40}",
)

# ------------------------------------------------------------------------------------------ whom it concerns

# A token begins only where one may begin, so that a search never looks at a character twice.
_APART: Final = r"\s<>()\[\],;:\"'=*|@，；：（）＜＞"
ADDRESS: Final = re.compile(rf"(?<![^{_APART}])[^{_APART}]{{1,128}}@[\w.-]{{1,255}}\w")
# Addresses to ask for help at; they count for less.
HOUSE: Final = table(
    "postmaster", "mailer-?daemon", "abuse", "hostmaster", "root", "uucp", "help", "helpdesk", "support",
    after="@",
)  # fmt: skip
# At the end of what stands in front of the address that failed ...
NAMES_RECIPIENT: Final = table(
    "recipients?", "rcpt to", "addressed", "address", "user", "to", "for", "destinataires?", "a", "pour",
    "ontvanger", "geadresseerde", "aan", "bij", "voor", "empfanger", "an", "fur",
    before=r"(?<!\w)", after=r"\W{0,6}$",
)  # fmt: skip
# ... in front of all to whom the mail was written, among whom it is ...
NAMES_ADDRESSEE: Final = re.compile(r"^\W{0,40}(?:to|a|aan|an)\s{0,3}:\W{0,6}$")
# ... and in front of any other.
NAMES_OTHER: Final = table(
    r"\b(?:contact|from|sender|sent by|via|help|reply to|write to|accepting mail|(?:message[- ])?id)\b",
    r"\b(?:de la part de|expediteur|ecrivez|van|afzender|von|absender)\b",
    r"^\W{0,40}cc\s{0,3}:",
)
BEGINS_LIST: Final = table(
    r"did not reach the following",
    r"following (?:recipient|address|destinat)",
    r"(?:could not be|not) delivered to(?: the following)?",
    r"failed (?:recipients|addresses)",
    r"destinataires? (?:(?:ou|aux?|groupes?) ){0,4}suivants?",
    r"adresses? suivantes?",
    r"volgende (?:ontvanger|geadresseerde|adres)",
    r"folgende[nr]? (?:empfanger|adresse)",
)
BARE_NAME: Final = re.compile(r"([a-z0-9][\w.+-]{1,63})[ \t]{0,20}(?:\r?\n|$|[ \t]{2}|\()")
RETURNED_TO: Final = re.compile(
    r"^[ \t>]{0,20}to:[ \t]*[^\n@]{0,200}?<?([^\s<>@,]{1,128}@[^\s<>@,]{1,255})", re.IGNORECASE | re.MULTILINE
)
# Where the mail that came back begins: a line that announces it, or its topmost fields.
RETURNED: Final = re.compile(
    r"^[ \t]{0,20}(?:[-=_|]{2,}[^\n]{0,40}(?:original|returned (?:mail|message)|cop(?:y|ie)|kopie|included"
    r"|unsent|below|header|kopf|en-tetes|message text)[^\n]{0,80}$"
    r"|[^\n]{0,40}(?:copy of the message|original message|old message|message headers|headers of the message"
    r"|en-tetes d[eu] message|nachrichtenkopf|berichtkop)[^\n:]{0,60}:[ \t]{0,9}$"
    r"|(?:received|return-path|delivered-to|dkim-signature|x-[\w-]{1,60}):[ \t])"
    r"|^message-id:[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
