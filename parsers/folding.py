"""Text as tables of wording want it: in one case and without accents, so that no row is written twice.

Used by ``auto``, ``wording`` and ``notices``. Total.
"""

import re
import unicodedata
from typing import Final

_FOLD: Final = {
    **{
        code: unicodedata.normalize("NFD", chr(code))[0]
        for code in range(0xC0, 0x180)
        if unicodedata.decomposition(chr(code))
    },
    **dict.fromkeys((0x2018, 0x2019), "'"),
    **dict.fromkeys((0xA0, 0x2007, 0x202F), " "),
}


def folded(text: str) -> str:
    """``text`` in lower case, without accents, with plain apostrophes; every character keeps its place.

    >>> folded("Échec de l’envoi")
    "echec de l'envoi"
    """
    return text.lower() if text.isascii() else text.translate(_FOLD).lower()


def table(*rows: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """One pattern for ``folded`` text out of the rows of a table, and what stands before and after each.

    The case is folded beforehand because a pattern that ignores it is several times slower.
    """
    return re.compile(before + "(?:" + "|".join(rows) + ")" + after)
