"""Everything that ``doctor`` can find wrong, by name: programs meet it as ``fault`` in ``doctor --json``.

Under every check, in the order in which they are made. A name stays when its words change. Pure.
"""

from enum import StrEnum, auto


class Fault(StrEnum):
    """What is wrong: one name for each thing that is mended in a way of its own."""

    CONFIGURATION = auto()
    UNFORESEEN = auto()

    # this machine
    SECRET_READABLE = auto()
    SECRET_CLOSED = auto()
    SECRET_UNUSABLE = auto()
    CONFIGURATION_READABLE = auto()
    STATE_UNWRITABLE = auto()
    STATE_READABLE = auto()
    DISK_FULL = auto()
    DISK_NEARLY_FULL = auto()
    NO_PROCESS = auto()
    CLOCK_UNSET = auto()

    # the database
    DATABASE_ON_NETWORK = auto()
    DATABASE_UNFINISHED = auto()
    DATABASE_UNAVAILABLE = auto()
    DATABASE_LATER = auto()
    DATABASE_DAMAGED = auto()
    DATABASE_NOT_DURABLE = auto()

    # the way to a server
    HOST_UNKNOWN = auto()
    NOT_ENCRYPTED = auto()
    CERTIFICATE_EXPIRED = auto()
    CERTIFICATE_NOT_YET_VALID = auto()
    CERTIFICATE_OF_ANOTHER = auto()
    CERTIFICATE_SELF_SIGNED = auto()
    CERTIFICATE_CHAIN = auto()
    CERTIFICATE_WRONG = auto()
    CERTIFICATE_ENDS_SOON = auto()
    NO_TLS = auto()
    NOBODY_LISTENS = auto()
    NO_ANSWER = auto()
    CONNECTION = auto()

    # letting us in
    LOGIN_REFUSED = auto()
    LOGIN_UNKNOWN = auto()
    TOKEN_REFUSED = auto()
    TOKEN_UNREACHABLE = auto()

    # the mailbox
    NO_IDLE = auto()
    NO_MOVE = auto()
    NO_KEYWORDS = auto()
    FOLDER_MISSING = auto()
    SENT_MISSING = auto()
    JUNK_MISSING = auto()
    DONE_MISSING = auto()
    NO_COPIES = auto()

    # doors and the board
    DOOR_TAKEN = auto()
    DOOR_SHUT = auto()
    DOOR_OPEN_TO_OTHERS = auto()
    BOARD_SHUT = auto()
    BOARD_NOT_ENCRYPTED = auto()

    # sending
    SENDER_REFUSED = auto()
    SIZE_LIMIT = auto()

    # letters and files
    TEMPLATES_MISSING = auto()
    LETTER_BROKEN = auto()
    SCANNER_NOT_ENCRYPTED = auto()
    SCANNER_SILENT = auto()
    SCANNER_UNOFFICIAL = auto()
    SCANNER_OLD = auto()

    # the next weeks, and rules
    CLOSED_FOR_LONG = auto()
    EVERYBODY_AWAY = auto()
    HOLIDAYS_UNKNOWN = auto()
    RULE_UNHEARD = auto()

    # people
    NO_AGENTS = auto()
    NO_ADMINISTRATORS = auto()
    AGENT_WITHOUT_TEAM = auto()
    TEAM_UNREACHABLE = auto()
    TEAM_UNMANNED = auto()
    NO_LEAD = auto()
    NO_PROOF = auto()
    NO_TRUSTED_SERVER = auto()
    NO_ALERT = auto()
    ALERT_MISSING = auto()
    ALERT_FAILED = auto()

    # a mail to ourselves
    PROBE_NOWHERE = auto()
    PROBE_UNREACHABLE = auto()
    PROBE_NOT_TAKEN = auto()
    PROBE_LOST = auto()
    PROBE_JUNK = auto()
    PROBE_WITHOUT_MARK = auto()
    PROBE_RENAMED = auto()
    PROBE_SERVER_UNTRUSTED = auto()
    CLOCK_APART = auto()
    CLOCK_WRONG = auto()
    NO_PLUS_ADDRESSES = auto()
