"""Tokens instead of passwords: who gives them, how long they last, how they are shown to a mail server.

Stands below the receivers and the courier, which ask ``access`` for a token at each login and show it by
``sasl``. One is renewed before it ends, and once where a mail server refuses it before its time: ``server``
asks those who give them, in the program's name or in that of a person, whose ``login`` the ``vault`` keeps.
What fails is one of the two errors of ``bearer``, and neither repeats a secret or a token.
"""
