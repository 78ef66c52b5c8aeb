"""The files inside a winmail.dat, Outlook's own envelope ([MS-OXTNEF] 2.1).

Opened by ``mail`` for application/ms-tnef parts. Total: what is no TNEF, or breaks off, gives the files found
so far; the body that such a stream may also hold is left alone.
"""

from typing import Final

from parsers.charsets import decode_text

MAX_FILES: Final = 100

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_CODE_PAGE: Final = 0x00069007
_BEGIN: Final = 0x00069002  # attAttachRenddata opens each attachment
_TITLE: Final = 0x00018010
_DATA: Final = 0x0006800F
_PROPERTIES: Final = 0x00069005
# PR_ATTACH_LONG_FILENAME as a property of one value: in UTF-16 and in the stream's code page.
_LONG_NAMES: Final = (
    (b"\x1f\x00\x07\x37\x01\x00\x00\x00", "utf-16-le"),
    (b"\x1e\x00\x07\x37\x01\x00\x00\x00", ""),
)


def tnef_files(content: bytes) -> list[tuple[str, bytes]]:
    """Name and content of every file in the stream, in order."""
    if not content.startswith(_SIGNATURE):
        return []
    files: list[tuple[str, bytes]] = []
    code_page = "cp1252"
    position = len(_SIGNATURE) + 2  # a key follows the signature
    while position + 9 <= len(content) and len(files) <= MAX_FILES:
        attribute = int.from_bytes(content[position + 1 : position + 5], "little")
        length = int.from_bytes(content[position + 5 : position + 9], "little")
        value = content[position + 9 : position + 9 + length]
        position += 9 + length + 2  # a checksum ends each attribute
        if attribute == _CODE_PAGE:
            code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _BEGIN:
            files.append(("", b""))
        elif not files:
            continue
        elif attribute == _TITLE:
            files[-1] = (files[-1][0] or decode_text(value.rstrip(b"\0"), code_page), files[-1][1])
        elif attribute == _DATA:
            files[-1] = (files[-1][0], value)
        elif attribute == _PROPERTIES:
            files[-1] = (_long_name(value, code_page) or files[-1][0], files[-1][1])
    return [(name, data) for name, data in files[:MAX_FILES] if name or data]


def _long_name(properties: bytes, code_page: str) -> str:
    for mark, charset in _LONG_NAMES:
        at = properties.find(mark)
        if at >= 0:
            begin = at + len(mark)
            length = int.from_bytes(properties[begin : begin + 4], "little")
            value = properties[begin + 4 : begin + 4 + min(length, 1024)]
            return decode_text(value, charset or code_page).partition("\0")[0]
    return ""
