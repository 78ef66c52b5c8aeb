"""Base subject, ticket numbers, forwards."""

import pytest

from parsers.subject import base_subject, has_reply_prefix, is_forward_prefix, ticket_numbers


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Imprimante", "Imprimante"),
        ("Re: Imprimante", "Imprimante"),
        ("RE : TR: Imprimante", "Imprimante"),
        ("Réf: Imprimante", "Imprimante"),
        ("AW: WG: Drucker", "Drucker"),
        ("Antw: Doorst: Printer", "Printer"),
        ("Fwd: Re[2]: Printer", "Printer"),
        ("[EXTERNAL] Re: Printer", "Printer"),
        ("Re: [ETNIC-1042] Imprimante", "Imprimante"),
        ("Printer (fwd)", "Printer"),
        ("[Fwd: Printer]", "Printer"),
        ("[ETNIC-1042]", "[ETNIC-1042]"),
        ("Re:", ""),
        ("Rebooter le serveur", "Rebooter le serveur"),
        ("Travaux : accès", "Travaux : accès"),
        ("  deux   blancs ", "deux blancs"),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("[ETNIC-1042] x", (1042,)),
        ("Re: [etnic-7] and [ETNIC-8] [ETNIC-7]", (7, 8)),
        ("ETNIC-1042", ()),
        ("[ETNIC-2025-0042]", ()),
        ("[OTHER-1042]", ()),
        ("[ETNIC-9999999999999]", ()),
    ],
)
def test_ticket_numbers(subject: str, numbers: tuple[int, ...]) -> None:
    assert ticket_numbers(subject, "ETNIC") == numbers


@pytest.mark.parametrize(
    ("subject", "forward", "reply"),
    [
        ("TR: x", True, False),
        ("Fwd: x", True, False),
        ("WG: x", True, False),
        ("Doorst: x", True, False),
        ("[EXTERNAL] FW: x", True, False),
        ("RE: TR: x", False, True),
        ("Antw: x", False, True),
        ("Rép. : x", False, True),
        ("[EXT] [SPAM?] TR : x", True, False),
        ("[it-ecoles] Fwd: x", True, False),
        ("Externe : TR: x", True, False),
        ("Doorgestuurd: x", True, False),
        ("Weitergeleitet: x", True, False),
        ("[ETNIC-12] Re: x", False, True),
        ("[ETNIC-12] TR: x", False, False),
        ("*** SPAM *** Re: x", False, True),
        ("Externe : accès", False, False),
        ("Travaux", False, False),
    ],
)
def test_prefixes(subject: str, forward: bool, reply: bool) -> None:
    assert is_forward_prefix(subject) == forward
    assert has_reply_prefix(subject) == reply
