"""What Dockerfile, .dockerignore and compose.yaml say, as values, so that tests can ask them.

Only as much of the three formats is read as our own files use; whatever else stands there is an error.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_INSTRUCTIONS = frozenset("CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK RUN USER VOLUME WORKDIR".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction of a Dockerfile: its word in capitals, and what follows it on one line."""

    word: str
    rest: str

    @property
    def exec_form(self) -> list[str]:
        """The words of ``CMD ["a", "b"]``, also behind the options of a HEALTHCHECK."""
        words = json.loads(self.rest[self.rest.index("[") :])
        assert isinstance(words, list)
        return words


def stages() -> list[list[Step]]:
    """The Dockerfile, a list of steps for each FROM."""
    found: list[list[Step]] = []
    kept = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(kept).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, rest = line.partition(" ")
        assert word in _INSTRUCTIONS, line
        if word == "FROM":
            found.append([])
        found[-1].append(Step(word=word, rest=" ".join(rest.split())))
    return found


def variables(stage: list[Step]) -> dict[str, str]:
    """What ENV sets in a stage."""
    words = (word for step in stage if step.word == "ENV" for word in shlex.split(step.rest))
    return dict(word.split("=", 1) for word in words)


def only(stage: list[Step], word: str) -> Step:
    """The one step of that word."""
    (found,) = (step for step in stage if step.word == word)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What `.dockerignore` lets through: paths from the top, without files of some names anywhere."""

    allowed: frozenset[str]
    never: tuple[str, ...]


def context() -> Context:
    """`.dockerignore`: everything is refused, then some is allowed again."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    refused, *others = lines
    assert refused == "*"
    allowed = frozenset(line[1:] for line in others if line.startswith("!"))
    never = [line for line in others if not line.startswith("!")]
    assert all(line.startswith("**/") for line in never)
    return Context(allowed=allowed, never=tuple(line.removeprefix("**/") for line in never))


# --- YAML ---------------------------------------------------------------------------------------------------

_PAIR = re.compile(r"([A-Za-z_-]+):(?: +(.+))?")
_Lines = list[tuple[int, str]]


def compose() -> dict[str, Any]:
    """compose.yaml: block mappings and lists, plain scalars, flow lists of them, ``{}`` and comments."""
    lines = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in (ROOT / "compose.yaml").read_text().splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    found = _block(lines, 0)
    assert not lines, f"indented in no way that is known: {lines[0]}"
    assert isinstance(found, dict)
    return found


def _block(lines: _Lines, indent: int) -> Any:
    return list(_items(lines, indent)) if lines[0][1].startswith("- ") else dict(_pairs(lines, indent))


def _items(lines: _Lines, indent: int) -> Iterator[Any]:
    while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
        yield _scalar(lines.pop(0)[1][2:])


def _pairs(lines: _Lines, indent: int) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    while lines and lines[0][0] == indent:
        pair = _PAIR.fullmatch(lines[0][1])
        assert pair is not None, lines[0]
        assert pair[1] not in seen, f"{pair[1]} stands there twice"
        seen.add(pair[1])
        lines.pop(0)
        deeper = lines and lines[0][0] > indent
        assert deeper != bool(pair[2]), f"{pair[1]}: a value or a block"
        yield pair[1], _scalar(pair[2]) if pair[2] else _block(lines, lines[0][0])


def _scalar(text: str) -> Any:
    if text == "{}":
        return {}
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(each.strip()) for each in text[1:-1].split(",")]
    # Quotes, anchors, tags, comments behind a value: none of them is needed here.
    assert not re.search(r"^[\"'&*!|>%@`{}\[\]]|: | #", text), text
    return {"true": True, "false": False}.get(text, int(text) if text.isdecimal() else text)
