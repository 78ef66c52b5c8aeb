"""Every letter that the desk writes: one folder a language (fr, nl, de, en), one file a part.

Read by ``maild.compose`` alone, behind the operator's own folder: a file of the same name there
(``fr/receipt.txt.j2``) takes the place of the one here. A name that a template uses and the desk does not
give is an error (``maild config check`` and ``maild doctor`` render every template); HTML parts escape every
value but clean HTML, and write lines of text with ``| breaks``, since Outlook for Windows knows no
``white-space``; a subject becomes one line whatever its template holds.

Known to every template:
    ``language``, and ``title`` (the finished subject line; not in a subject itself);
    ``desk`` and ``address``: the desk's name and address; ``phone``: "" where there is none;
    ``signature``: the configured signature; where there is none, the desk's name and telephone.

``frame.html.j2``
    The page around every HTML part. Its one block is ``body``.
``receipt.{subject,txt,html}.j2``
    To someone who wrote: the receipt. ``number`` ("ETNIC-1042"), ``subject`` (of the mail, may be ""),
    ``topic`` (the subject without "Re:" and tags), ``due`` ("mardi 24 novembre 2026 à 14 h 32", the
    desk's local time).
``call_receipt.{subject,txt,html}.j2``
    To someone who telephoned, where an agent asks for it. ``number``, ``subject``, ``topic``, ``called``
    (when), ``due`` ("" where no clock runs), ``solved`` (True: during the call).
``relay.{subject,txt,html}.j2``
    To the requester: a person's answer. ``number``, ``subject``, ``topic``, ``text`` and ``html`` (the
    person's words; ``html`` is clean HTML or "", ``text`` is "" where there is only a notice), ``notice``
    ("" or the name of a template in ``notices``), ``values`` (for the notice: ``values.text``,
    ``values.entity``, or "").
``notices/NAME.txt.j2``
    What a relay says below the words. In both its parts, with the names of a relay: ``resolved``,
    ``closed``, ``out_of_scope_materiel``, ``_formation``, ``_metier``, ``_citoyen``, ``study`` (the form
    for a feasibility study), ``not_beneficiary``; above them ``canned`` (``values.text``). A blank line
    parts paragraphs.
``answers/NAME.txt.j2``
    A canned answer that agents send by its name (#modèle NAME). Every file here is one, from its greeting to
    its last sentence: words of the agent's, or else a closing, follow by themselves. ``number``,
    ``subject``, ``name`` (of the requester). Known in one language, it is sent in that one to all.
``invitation.{subject,txt,html}.j2``
    To a requester or to a technician: a visit, with its calendar object. ``for_technician`` (which of the
    two), ``number``, ``subject``, ``topic``, ``span`` (from when until when), ``starts``, ``ends``,
    ``place``,
    ``technician``, ``requester`` and ``description`` ("" in a requester's), ``cancelled``, ``moved`` (never
    both).
``notification.{subject,txt,html}.j2``
    To an agent: a ticket. ``number``, ``subject``, ``topic``, ``requester`` ("Name <address>"), ``due`` (""
    where no clock runs), ``reason`` ("new", "later": another mail of its requester, "assigned", "reopened",
    "woken", "handed": to his team), ``by`` (the colleague who did it, or ""), ``absent`` (the name of the
    assignee where others are told in his absence, or ""), ``text``, ``html`` (clean
    HTML, or "": then the text is shown), ``attachments`` (names), ``left_out`` (names and sizes of those
    that are too large), ``held`` (a line for each file that stays with the desk, such as
    "1. a.exe: program (.exe)"), ``marker`` (a signed token, or ""), ``unread`` (what the text leaves out:
    ``failed``, ``whole_mb``, ``beyond``, ``in_mailbox``; false for nearly every mail), ``suspect`` (True: a
    filter took it for spam), ``standing`` ("yes", "study", "no", "unknown" or "") and ``entity`` of the
    requester, ``category``, ``priority``, ``hints`` (sentences that name a command), ``earlier`` (tickets of
    the same person: ``number``, ``subject``, ``status``, ``day``), ``card`` (commands: ``line``, or ``usage``
    and ``does``; may be empty), ``undo`` ("2 minutes"; "": a reply leaves at once). The first line is the
    separator that ``parsers.quotes`` knows: keep it as it is.
``words.j2``
    Words for other templates to import. Tables: for a ``status``, a ``standing``, a ``kind`` of message.
``unread.txt.j2``
    A line within a notification: what of the mail nobody has read. For both parts; it puts ``unread`` into
    words.
``suspect.txt.j2``
    A line within a notification: beware, the mail was found in a junk folder. For both parts.
``alert.{subject,txt,html}.j2``
    To an agent or a lead: tickets near their limit, or past it. ``stage`` ("near" or "breached") and
    ``tickets``, at least one, each with ``number``, ``bare`` (the number alone, as a command names it),
    ``subject``, ``requester``, ``due``, ``first`` (True: it is to be taken in charge by then; else answered),
    ``since``; ``count`` and ``more`` as in ``listing``; ``marker`` (one ticket: a reply is about it; "" for
    several).
``warning.{subject,txt,html}.j2``
    To an agent, at full hours: tickets whose time goes by. ``tickets``, the nearest limit first, as in
    ``alert``, with ``count`` and ``more``.
``silent.{subject,txt,html}.j2``
    To whoever has them: tickets taken in charge and then forgotten. ``tickets`` to which nothing has happened
    ``since``; ``count``, ``more`` and ``marker`` as in ``alert``.
``answer.{subject,txt}.j2``
    To an agent: what became of the commands of a mail. ``number`` ("" where the mail is on no ticket),
    ``subject``, ``topic``, ``lines``.
``consultation.{subject,txt,html}.j2``
    To a specialist team: the desk's question. ``number``, ``subject``, ``topic``, ``question``,
    ``asked_by`` (or ""), ``requester``, ``due``, ``marker``, ``case``: its ``entries`` (``when``, ``who``,
    ``kind``, ``text``) and how many older ones are ``omitted``. The first line is the separator.
``team_answer.{subject,txt,html}.j2``
    To the assignee: such a team has answered. ``number``, ``subject``, ``topic``, ``team``, ``text``,
    ``html``, ``held`` (as above), ``marker``, ``undo``. The first line is the separator.
``told.{subject,txt}.j2``
    To an agent: something happened on a ticket. ``number``, ``subject``, ``topic``, ``headline``, ``lines``
    (may be empty), ``marker``. The first line is the separator.
``listing.{subject,txt,html}.j2``
    To an agent: the list he asked for. ``tickets`` (``number``, ``subject``, ``requester``, ``due``,
    ``status``, ``day``), ``count`` (of all), ``more`` (how many are not shown).
``full.{subject,txt,html}.j2``
    To an agent: all that was written. ``number``, ``subject``, ``topic``, ``marker``, ``story``: as
    ``case`` above. The first line is the separator: below it stand notes that a reply must not take along.
``digest.{subject,txt,html}.j2``
    To a team: mail that is not told of one by one. Older mail that was found in the mailbox and got no
    receipt or, where ``many``, more mail at once than one can read. ``tickets`` as above.
``junk.{subject,txt}.j2``
    To leads and administrators, once a day at most: how many mails were left in a junk folder. ``count`` of
    them in a ``folder`` of a ``maildrop`` since the last such letter.
``undelivered.{subject,txt}.j2``
    To an agent: a letter about the ticket did not arrive. ``number``, ``subject``, ``topic``, ``recipient``
    (an address), ``kind`` ("receipt" or "relay"), ``reply`` (the server's last word), ``uncertain`` (True:
    it may have arrived; nobody knows).
``report.{subject,txt}.j2``
    To those who answer for the promise, on the first day of a month. ``period`` ("novembre 2026"), ``as_of``
    (a sentence), ``share`` ("": there is nothing to judge), ``share_of``, ``figures`` (``name``, ``value``),
    ``breaches`` (``number``, ``arrived``, ``acted``, ``delay``; may be empty), ``more`` (how many are not
    told), ``attached`` (False: the page is too large to go along), ``command`` (what makes it anew).
``pages/NAME.html.j2``
    A page that is looked at, not mailed. Made by ``maild.pages``; its ``words`` are what
    ``pages/NAME.LANGUAGE.html.j2`` sets.
``trouble.{subject,txt}.j2``, ``recovered.{subject,txt}.j2``
    To an administrator, at the beginning and at the end of a trouble. ``headline`` and ``details``, texts in
    the language of the log.
"""
