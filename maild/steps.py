"""The steps between a mailbox and a receipt, each named where it is reached: what a death may fall between.

Stands at the foot of the house; whoever does a step says so. In the program that says nothing to anybody:
the tests put their own function in the place of ``reached``, and die or fail there (notes on reliability,
section 5, whose table this is). It cannot fail.
"""

from enum import StrEnum


class Step(StrEnum):
    """In the order of the flow. What is named in the -ing form is done and not yet durable."""

    LEASED = "the lease is taken"
    BEGINNING = "the start of a folder is written, not committed"
    FETCHED = "bytes are fetched, nothing is kept"
    KEEPING = "raw bytes are written, not committed"
    KEPT = "raw bytes are durable, nothing is filed"
    FILING = "a mail is decided and written, not committed"
    FILED = "the filing is durable, the server knows nothing"
    MARKING = "the server is about to be marked"
    MARKED = "the server is marked, the ledger does not know"
    RECORDED = "the ledger knows the marks"
    POLLED = "a pass is over"
    SWEEPING = "due clocks are advanced, not committed"
    SWEPT = "due clocks are advanced"
    CLAIMING = "letters are claimed, not committed"
    CLAIMED = "letters are claimed, nothing is sent"
    SPOKEN = "a letter is on the wire, no answer was read"
    ANSWERED = "the answer is read, not written"
    SETTLING = "the answer is written, not committed"
    SETTLED = "the answer is durable"


def reached(step: Step) -> None:
    """This has just come to pass."""
