"""Every letter that the desk writes: one folder a language (fr, nl, de, en), one file a part.

Read by ``maild.compose`` alone, behind the operator's own folder: a file of the same name there
(``fr/receipt.txt.j2``) takes the place of the one here. A name that a template uses and the desk does not
give is an error (``maild config check`` and ``maild doctor`` render every template); HTML parts escape every
value; a subject becomes one line whatever its template holds.

Known to every template:
    ``language``, and ``title`` (the finished subject line; not in a subject itself);
    ``desk`` and ``address``: the desk's name and address; ``phone``: "" where there is none;
    ``signature``: the configured signature; where there is none, the desk's name and telephone.

``frame.html.j2``
    The page around every HTML part; its one block is ``body``.
``receipt.{subject,txt,html}.j2``
    To someone who wrote: the receipt. ``number`` ("ETNIC-1042"), ``subject`` (of the mail, may be ""),
    ``topic`` (the subject without "Re:" and tags), ``due`` ("mardi 24 novembre 2026 à 14 h 32", the
    desk's local time).
``notification.{subject,txt,html}.j2``
    To an agent: a new ticket, or a later mail of its requester. ``number``, ``subject``, ``topic``,
    ``requester`` ("Name <address>"), ``due`` ("" where no clock runs), ``later`` (True: not the first
    mail), ``text``, ``attachments`` (their names), ``marker`` (a signed token, or ""), ``unread`` (what the
    text leaves out: ``failed``, ``whole_mb``, ``beyond``, ``in_mailbox``; false for nearly every mail),
    ``suspect`` (True: a filter took it for spam).
    The first line is the separator that ``parsers.quotes`` knows: keep it as it is.
``unread.txt.j2``
    The one line, within both parts of a notification, that says what ``unread`` means and where to read it.
``suspect.txt.j2``
    The one line, likewise, that tells an agent to beware of a mail that was found in a junk folder.
``alert.{subject,txt,html}.j2``
    To an agent or a lead: ``stage`` ("near" or "breached") and ``tickets``, at least one, each with
    ``number``, ``subject``, ``requester``, ``due``.
``answer.{subject,txt}.j2``
    To an agent: what became of the commands of a mail. ``number``, ``subject``, ``topic``, ``lines``.
``digest.{subject,txt,html}.j2``
    To a team: older mail that was found in the mailbox and got no receipt or, where ``many``, more mail at
    once than is told of one by one. ``tickets`` as above.
``junk.{subject,txt}.j2``
    To leads and administrators, once a day at most: how many mails (``count``) were left in a junk folder
    (``folder``) of a ``maildrop`` since the last such letter.
``undelivered.{subject,txt}.j2``
    To an agent: a letter about the ticket did not arrive. ``number``, ``subject``, ``topic``, ``recipient``
    (an address), ``kind`` ("receipt" or "relay"), ``reply`` (the server's last word), ``uncertain`` (True: it
    may have arrived; nobody knows).
``trouble.{subject,txt}.j2``, ``recovered.{subject,txt}.j2``
    To an administrator, at the beginning and at the end of a trouble: ``headline`` and ``details``, texts in
    the language of the log.
"""
