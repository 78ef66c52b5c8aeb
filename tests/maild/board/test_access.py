"""Who is let in: tokens, names, methods, and the headers of every response."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from maild.board import access
from maild.config import Http
from tests.maild.board.boards import TOKEN, Board


def test_every_response_is_strict(board: Board, closed: Board) -> None:
    """Also those that refuse."""
    answers = [
        board.ask("/"), board.ask("/healthz"), board.ask("/none"), board.ask("/", "POST"),
        board.ask("/", Host="evil.test"), closed.ask("/"), closed.ask(f"/?token={TOKEN}"),
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [200, 200, 404, 405, 421, 401, 200]
    for answer in answers:
        # What the page itself needs stands behind what no response may do.
        strict = access.HEADERS["content-security-policy"]
        policy = answer.headers["content-security-policy"][: len(strict)]
        said = answer.headers | {"content-security-policy": policy}
        assert {name: said[name] for name in access.HEADERS} == access.HEADERS
        assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_it_is_read_only(board: Board, method: str) -> None:
    answer = board.ask("/", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert "read only" in answer.text


def test_head_has_the_headers_and_no_body(board: Board) -> None:
    answer = board.ask("/healthz", "HEAD")
    assert (answer.status, answer.text, answer.headers["content-length"]) == (200, "", "3")


def test_what_is_not_there_is_said_in_words(board: Board) -> None:
    answer = board.ask("/admin")
    assert (answer.status, answer.text) == (404, "there is nothing here; the board is at /\n")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:80", "[::1]:8025"])
def test_it_answers_to_names_of_this_machine(board: Board, host: str) -> None:
    assert board.ask(Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:8025", "", "["])
def test_it_answers_to_no_other_name(board: Board, host: str) -> None:
    """A page elsewhere whose name was made to mean 127.0.0.1 (DNS rebinding)."""
    answer = board.ask(Host=host)
    assert answer.status == 421
    assert "localhost" in answer.text


def test_a_token_in_the_header(closed: Board) -> None:
    assert closed.ask(Authorization=f"Bearer {TOKEN}").status == 200
    assert closed.ask(Authorization=f"bearer {TOKEN}", Host="desk.example.org").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": "Bearer \xe9"}, {"Cookie": f"maild_board={TOKEN}"}, {"Cookie": "maild_board="},
    ],
)  # fmt: skip
def test_whoever_shows_no_token_sees_nothing(closed: Board, headers: dict[str, str]) -> None:
    answer = closed.ask("/", **headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


def test_a_token_in_the_address_becomes_a_cookie(closed: Board) -> None:
    """Once: the browser goes on without it, and the cookie does not tell it."""
    first = closed.ask(f"/?token={TOKEN}&lang=en")
    cookie = first.headers["set-cookie"]
    assert first.status == 200
    assert 'content="0;url=/?lang=en"' in first.text
    assert TOKEN not in first.text + cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert closed.ask("/", Cookie=cookie.partition(";")[0]).status == 200


def test_the_cookie_stays_inside_tls(closed: Board) -> None:
    """Where whoever stands before us says that there is TLS."""
    answer = closed.ask(f"/?token={TOKEN}", X_Forwarded_Proto="https")
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_a_wrong_token_in_the_address_is_no_way_in(closed: Board) -> None:
    for path in ("/?token=wrong", "/?token=", f"/healthy?token={TOKEN}", f"//evil.test/?token={TOKEN}"):
        answer = closed.ask(path)
        assert (answer.status, answer.headers.get("set-cookie")) == (401, None)


def test_health_is_for_everybody(closed: Board) -> None:
    """It tells nothing but that the process is alive."""
    answer = closed.ask("/healthz", Host="10.0.0.7")
    assert (answer.status, answer.text) == (200, "ok\n")


@pytest.mark.parametrize("host", ["x/healthz?", "localhost/healthz?", "localhost/healthz#", "@/healthz?"])
def test_a_name_that_holds_a_path_is_no_way_in(board: Board, closed: Board, host: str) -> None:
    """What is asked for stands in the request line alone."""
    assert closed.ask("/", Host=host).status == 401
    assert board.ask("/", Host=host).status == 421


# --- for every request --------------------------------------------------------------------------------------


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("seen")(scope, receive, send)


def guarded(http: Http, path: str, query: str, method: str, **fields: str) -> list[Message]:
    """What the guard says, without a listener."""
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(dict(message))

    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in fields.items()]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode("latin-1", "replace"), "headers": raw, "scheme": "http",
        "server": ("127.0.0.1", 8025), "root_path": "",
    }  # fmt: skip
    asyncio.run(access.Guard(_page, http)(scope, receive, send))
    return said


near = st.sampled_from([TOKEN, TOKEN[:-1], f"{TOKEN} ", "", access.ticket_of("other"), "Bearer", "é"])
words = near | st.text(max_size=30)


@given(
    path=st.sampled_from(["/", "/readyz", "/events", "//evil.test", "/%2e%2e/healthz", "/healthz/"]),
    query=words.map(lambda word: f"token={word}&lang=fr"),
    method=st.sampled_from(["GET", "HEAD", "POST", "get", "BREW"]),
    authorization=words.map(lambda word: f"Bearer {word}") | words,
    cookie=words.map(lambda word: f"{access.COOKIE}={word}") | words,
    host=st.sampled_from(["localhost", "evil.test"]) | st.text(max_size=20),
)
def test_nobody_comes_near_a_page_without_the_token(
    path: str, query: str, method: str, authorization: str, cookie: str, host: str
) -> None:
    """Whatever else he sends; and whatever is answered is strict."""
    http = Http(token=SecretStr(TOKEN))
    start, *rest = guarded(http, path, query, method, authorization=authorization, cookie=cookie, host=host)
    names = {name for name, _ in start["headers"]}
    assert {name.encode() for name in access.HEADERS} <= names
    is_shown = authorization.partition(" ")[2].strip() == TOKEN and authorization.lower().startswith(
        "bearer "
    )
    body = b"".join(message.get("body", b"") for message in rest)
    assert (body == b"seen") == (is_shown and method == "GET")
    assert (b"set-cookie" in names) == (
        not is_shown and path == "/" and method in access.METHODS and query == f"token={TOKEN}&lang=fr"
    )


@given(host=st.text(max_size=30) | st.from_regex(r"\A(localhost|127\.0\.0\.1|\[::1\])[.:@/]?\w{0,9}\Z"))
def test_no_other_name_is_answered_without_a_token(host: str) -> None:
    """A name of this machine, alone or with a port."""
    start, *_ = guarded(Http(), "/", "", "GET", host=host)
    is_ours = re.fullmatch(
        r"(?i)(localhost|127(\.\d{1,3}){3})(:.*)?|\[(0*:)*(0*1)\].*", host.strip(), re.DOTALL
    )
    assert start["status"] == (200 if is_ours else 421)
