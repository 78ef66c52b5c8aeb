"""Signed tokens: what we signed is found, whatever surrounds it; nothing else is."""

import string

from hypothesis import given
from hypothesis import strategies as st

from maild.decide import tokens
from maild.decide.tokens import Purpose
from tests.maild.decide.cases import ANNE, JEAN, KEY, SECRET, token

OLD = b"an older key of the same desk...."
text_around = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
serials = st.text(alphabet=string.ascii_lowercase + string.digits, min_size=1, max_size=18)
keys = st.binary(min_size=16, max_size=16).map(tokens.ticket_key)
addresses = st.emails()


@given(st.sampled_from(Purpose), keys, addresses, serials)
def test_what_we_signed_is_read_back(purpose: Purpose, key: str, address: str, serial: str) -> None:
    """Purpose, ticket, recipient and serial; as the local part of a Message-ID, in any case."""
    signed = tokens.sign((SECRET,), purpose, key, address, serial)
    for written in (signed, signed.upper(), f"<{signed}@etnic.test>", f"support+{signed}@etnic.test"):
        (found,) = tokens.find((SECRET,), written)
        assert (found.purpose, found.key, found.serial) == (purpose, key, serial)
        assert found.is_for(address)
        assert found.is_for(address.upper()) or address.upper().casefold() != address.casefold()
        assert not found.is_for(f"x{address}")


@given(st.text(max_size=200))
def test_no_text_of_others_holds_a_token(text: str) -> None:
    """Whatever it is."""
    assert tokens.find((SECRET,), text) == ()


@given(st.integers(0, 200), st.sampled_from(string.ascii_lowercase + string.digits + "."))
def test_one_letter_changed_and_it_is_nothing(position: int, letter: str) -> None:
    """The signature covers everything that the token says."""
    signed = token()
    at = position % len(signed)
    changed = signed[:at] + letter + signed[at + 1 :]
    if changed != signed:
        assert tokens.find((SECRET,), changed) == ()


@given(text_around, text_around)
def test_a_token_is_found_in_the_midst_of_a_text(before: str, after: str) -> None:
    """As a mail client quotes it."""
    found = tokens.find((SECRET,), f"{before} {token()} {after}")
    assert [each.key for each in found] == [KEY]


def test_keys_rotate() -> None:
    """The first signs, all of them verify; a key that is gone verifies nothing."""
    old = tokens.sign((OLD,), Purpose.RECEIPT, KEY, JEAN, "1")
    assert tokens.find((SECRET, OLD), old)
    assert tokens.find((SECRET,), old) == ()
    assert tokens.sign((SECRET, OLD), Purpose.RECEIPT, KEY, JEAN, "1") == token(serial="1")


def test_one_text_may_hold_several() -> None:
    """A long thread does."""
    both = f"{token()} {token(Purpose.NOTIFICATION, to=ANNE, serial='2')}"
    assert [each.purpose for each in tokens.find((SECRET,), both)] == [Purpose.RECEIPT, Purpose.NOTIFICATION]


def test_an_address_with_a_token_is_not_too_long() -> None:
    """RFC 5321 section 4.5.3.1.1: a local part has at most 64 octets."""
    longest = tokens.sign((SECRET,), Purpose.RECEIPT, KEY, JEAN, "m84gj5c02ekts9" + "12")
    assert len(f"support+{longest}") <= 64


def test_a_token_tells_nothing_of_the_recipient() -> None:
    """Nor of the ticket's number."""
    assert "jean" not in token()
    assert "1001" not in token()
