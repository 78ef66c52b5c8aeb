"""HTML as mail programs write it: its words, and a form that is safe to show."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.html import read_html, sanitize_html

TEXTS = [
    ("Bonjour<br>monde", "Bonjour\nmonde"),
    ("Bonjour<br/><br/>monde", "Bonjour\n\nmonde"),
    ("<body>Bonjour", "Bonjour"),
    ("<div>a<div>b</div>c</div>", "a\nb\nc"),
    (
        "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr><tr><td>d</td></tr></table>",
        "a\nb c\n\nd",
    ),
    (
        "<table><tr><th>Nom</th><td>Renée</td></tr><tr><th>Local</th><td>204</td></tr></table>",
        "Nom Renée\nLocal 204",
    ),
    ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
    ("<pre>\nx\n</pre>y", "x\n\ny"),
    ("<ol><li>a</li><li>b</li></ol>", "- a\n- b"),
    ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n- b"),
    ("<ul><li><p>a</p></li></ul>", "- a"),
    ("<dl><dt>a</dt><dd>b</dd></dl>", "a\nb"),
    ("<a href='http://x/'>ici</a>", "ici"),
    ("<div style='display:none;max-height:0'>pre</div>a", "a"),
    ("<div style='DISPLAY : NONE'>pre</div>a", "a"),
    ("<span style='visibility:hidden'>pre</span>a", "a"),
    ("<div style='font-size:0px'><p style='font-size:13px'>vu</p></div>a", "vu\n\na"),
    ("<div hidden>pre</div>a", "a"),
    ("<span style='mso-hide:all'>pre</span>a", "a"),
    ("<div style='opacity:0'>p</div>a", "a"),
    ("<span style='font-size:0.9em'>pre</span>a", "prea"),
    ("<div style='max-height:0;overflow:hidden'>p</div>a", "a"),
    ("<p style='display:none'><p>vu</p>", "vu"),
    ("<div style='display:none'>x", "x"),
    ("<!--[if mso]><p>mso</p><![endif]--><p>a</p>", "a"),
    ("<![if !mso]><p>a</p><![endif]>", "a"),
    ("<!--[if !mso]><!--><p>a</p><!--<![endif]-->", "a"),
    ("<!-- c -->a<!-- unclosed", "a"),
    ("<i>&eacute;&#233;&#xE9;&euro;&nbsp;&lt;b&gt;&amp;amp;&copy", "ééé€ <b>&amp;©"),
    ("&eacute;&lt;b&gt;\nc", "é<b>\nc"),
    ("<i>&#0;a&#128;&#55296;", "\ufffda€\ufffd"),
    ("&bogus;a", "&bogus;a"),
    ("<style>p{}</style><p>a</p><script>x()</script>", "a"),
    ("<head><title>T</title></head><body>a</body>", "a"),
    ("<p>a<p>b", "a\n\nb"),
    ("<b>a", "a"),
    ("a</b>b</p>c", "ab\n\nc"),
    ("<p>a <b>b</b>c</p>", "a bc"),
    ("<p> a \n b </p>", "a b"),
    ("a<!>b", "ab"),
    ("a < b > c", "a < b > c"),
    ("a <b c", "a"),
    ("1<2 et 3>2", "1<2 et 3>2"),
    ("<o:p>a</o:p>", "a"),
    ("<o:p>&nbsp;</o:p><p>a</p>", "a"),
    ("<font color=red>a</font>", "a"),
    ("<center>a</center>b", "a\nb"),
    ("<h1>T</h1>a", "T\n\na"),
    ("a<hr>b", "a\nb"),
    ("<blockquote>c</blockquote>a", "c\n\na"),
    ("<img src=x alt='logo'>a", "a"),
    ("<form><input value=x><select><option>un</option></select></form>a", "a"),
    ("<svg><text>s</text></svg>a", "a"),
    ("<noscript>n</noscript>a", "na"),
    ("<iframe>x</iframe>a", "a"),
    ("<plaintext>a<b>c", "a<b>c"),
    ("<xmp><b>a</b></xmp>", "<b>a</b>"),
    ("<title>x</title>", ""),
    ("<template>x</template>a", "a"),
    ("<span>a</span><span>b</span>", "ab"),
    ("<tr><td>a</td></tr>", "a"),
    ("<html><body><body>b</body></html>", "b"),
    ("</html>après", "après"),
    ("<body>a</body></html><p>disclaimer</p>", "a\ndisclaimer"),
    ("<html><head><body>a</body></head></html>", "a"),
    ("<p>&nbsp;</p><p>a</p><p>&nbsp;</p>", "a"),
    ("<div>a</div>\n\n<div>b</div>", "a\nb"),
    ("<i>a</i>\n\tb", "a b"),
    ("a\nb", "a\nb"),
    ("<script>a", ""),
    ("<style>a", ""),
    ("<?php echo 1 ?>a", "a"),
]

# Sources, and what must not be in the cleaned form; the letter a must.
UNSAFE: list[tuple[str, list[str]]] = [
    ("<script>alert(1)</script>a", ["script", "alert"]),
    ("<a href='javascript:x()'>a</a>", ["javascript"]),
    ("<a href='JaVaScRiPt:x()'>a</a>", ["cript:"]),
    ("<a href=' javascript:x()'>a</a>", ["javascript"]),
    ("<a href='java\tscript:x()'>a</a>", ["script:"]),
    ("<a href='&#106;avascript:x()'>a</a>", ["avascript"]),
    ("<a href='vbscript:x'>a</a>", ["vbscript"]),
    ("<a href='data:text/html,x'>a</a>", ["data:"]),
    ("<a href='file:///etc/passwd'>a</a>", ["file:"]),
    ("<a href='\\\\server\\share'>a</a>", ["server"]),
    ("<a href='//server/share'>a</a>", ["server"]),
    ("<img src='\\\\server\\a.png'>a", ["server"]),
    ("<img src='//evil/a.png'>a", ["evil"]),
    ("<img src='file://s/a.png'>a", ["file:"]),
    ("<img src=x onerror=alert(1)>a", ["onerror"]),
    ("<body onload=x()>a", ["onload"]),
    ("<svg onload=x()><circle/></svg>a", ["svg", "onload"]),
    ("<p style='background:url(http://evil/p)'>a</p>", ["url(", "evil"]),
    ("<p style='background-color:url(http://evil/p)'>a</p>", ["url(", "evil"]),
    ("<p style='color:expression(alert(1))'>a</p>", ["expression"]),
    ("<p style='width:1px;behavior:url(x)'>a</p>", ["behavior"]),
    ("<p style='list-style-type:url(http://evil)'>a</p>", ["evil"]),
    ("<p style='border:1px solid url(http://evil)'>a</p>", ["evil"]),
    ("<p style='color:red;background-image:url(\"http://evil/x\")'>a</p>", ["evil"]),
    ("<p style='border-left:u\\72l(http://evil)'>a</p>", ["evil"]),
    ("<style>@import url(http://evil)</style>a", ["evil"]),
    ("<link rel=stylesheet href=http://evil>a", ["evil"]),
    ("<meta http-equiv=refresh content='0;url=http://evil'>a", ["evil"]),
    ("<base href=http://evil>a", ["evil"]),
    ("<iframe src=http://evil></iframe>a", ["evil"]),
    ("<object data=http://evil></object>a", ["evil"]),
    ("<embed src=http://evil>a", ["evil"]),
    ("<form action=http://evil><input name=p><button>b</button></form>a", ["form", "evil", "input"]),
    ("<table background=http://evil/x><tr><td background=http://evil/y>a</td></tr></table>", ["evil"]),
    ("<img src=cid:x srcset='http://evil/x 2x'>a", ["evil"]),
    ("<video poster=http://evil src=http://evil></video>a", ["evil"]),
    ("<audio src=http://evil autoplay></audio>a", ["evil"]),
    ("<img src=data:image/png;base64,AAAA>a", ["data:"]),
    ("<math><mi xlink:href='javascript:x'>y</mi></math>a", ["javascript"]),
    ("<img src='http://t/p.gif' width=1 height=1>a", ["t/p.gif"]),
    ("<img width='1' height='1' src='https://t/p.gif'>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' width=0 height=0>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' style='width:1px;height:1px'>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' style='display:none'>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' style='display: none !important'>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' height=1>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' width='1px' height='1px'>a", ["t/p.gif"]),
    ("<IMG SRC='HTTP://t/p.gif' WIDTH=1 HEIGHT=1>a", ["t/p.gif"]),
    ("<img\nsrc='http://t/p.gif'\nwidth=1\nheight=1>a", ["t/p.gif"]),
    ("<img alt='>' src='http://t/p.gif' width=1 height=1>a", ["t/p.gif"]),
    ("<img src='http://t/p.gif' style='max-height:0;visibility:hidden'>a", ["t/p.gif"]),
    ("<Img src='http://t/p.gif' width=1 height=1>a", ["t/p.gif"]),
    ("<image src='http://t/p.gif' width=1 height=1>a", ["t/p.gif"]),
    ("<a href='http://x' target=_blank onclick=x>a</a>", ["onclick", "target"]),
    ("<p style='position:absolute;top:0'>a</p>", ["position"]),
    ("<p id=x class=y>a</p>", ["id=", "class="]),
    ("<a href='mailto:a@x.be?body=x'>a</a>", []),
    ("<noscript><img src=http://t/x width=1 height=1></noscript>a", ["<img"]),
    ("<!--[if gte mso 9]><xml>x</xml><![endif]-->a", ["xml"]),
    ("<a href='http://x' style='display:block'>a</a>", ["display"]),
    ("<button formaction=javascript:x>b</button>a", ["javascript"]),
    ('<p style="color:red;}</style><script>x</script>">a</p>', ["script"]),
    ("<textarea><script>x</script></textarea>a", ["<script"]),
]

# Sources, and what must be left of them.
HARMLESS = [
    ("<p style='color:red'>é</p>", "color"),
    ("<img src=cid:i1@x width=1 height=1>", "cid:i1@x"),
    ("<img src='http://x/photo.jpg' width=600>", "photo.jpg"),
    ("<img src='https://x/photo.jpg'>", "photo.jpg"),
    ("<a href='https://x/?a=1&amp;b=2'>l</a>", "https://x/?a=1&amp;b=2"),
    ("<a href='tel:+3221'>t</a>", "tel:+3221"),
    ("<a href='mailto:a@x.be'>m</a>", "mailto:a@x.be"),
    (
        "<table border=1><tr><td colspan=2 align=right bgcolor=red>x</td></tr></table>",
        "colspan",
    ),
    ("<ol start=3><li>x</li></ol>", "start"),
    ("<u>x</u><s>y</s><sub>z</sub>", "<u>"),
    ("<b>x</b><i>y</i>", "<b>"),
    ("<h2>x</h2>", "<h2>"),
    ("<pre>x</pre>", "<pre>"),
    ("<blockquote>x</blockquote>", "<blockquote>"),
    ("<hr>", "<hr>"),
    ("<center>x</center>", "<center>"),
    ("<img src='cid:i' alt='x'>", "alt"),
]


@pytest.mark.parametrize(("source", "text"), TEXTS, ids=[source[:50] for source, _ in TEXTS])
def test_the_words_of_html(source: str, text: str) -> None:
    assert read_html(source).whole == text


@pytest.mark.parametrize(("source", "gone"), UNSAFE, ids=[source[:60] for source, _ in UNSAFE])
def test_what_fetches_runs_or_hides_is_left_out(source: str, gone: list[str]) -> None:
    clean = sanitize_html(source).lower()
    assert [each for each in gone if each.lower() in clean] == []
    assert "a" in clean


@pytest.mark.parametrize(("source", "kept"), HARMLESS, ids=[source[:60] for source, _ in HARMLESS])
def test_what_does_no_harm_stays(source: str, kept: str) -> None:
    assert kept in sanitize_html(source)


AROUND = [
    *((f"<{tag}>", f"</{tag}>") for tag in "p div b span li h1 pre blockquote ul".split()),
    ("<a href='x'>", "</a>"), ("<font color=red>", "</font>"),
    ("<table><tr><td>", "</td></tr></table>"), ("<table><tr><th>", "</table>"), ("<p>", ""), ("<br>", "<hr>"),
]  # fmt: skip
WORD = st.text("abcdéàüñ€12&<>\"'", min_size=1, max_size=8)
NODE = st.recursive(
    WORD.map(lambda word: ([word], html.escape(word))),
    lambda inner: st.tuples(st.sampled_from(AROUND), st.lists(inner, max_size=4)).map(
        lambda made: (
            [word for words, _ in made[1] for word in words],
            made[0][0] + " ".join(source for _, source in made[1]) + made[0][1],
        )
    ),
    max_leaves=12,
)


@given(NODE)
def test_words_in_are_words_out(node: tuple[list[str], str]) -> None:
    """Whatever elements stand around them, the words of a page come out, each once and in their order."""
    words, source = node
    text = read_html(f"<body>{source}</body>").whole
    assert re.sub(r"(?m)^\s*(?:- )+", "", text).split() == words


@given(NODE)
def test_the_cleaned_form_says_the_same(node: tuple[list[str], str]) -> None:
    words, source = node
    assert html.unescape(re.sub(r"<[^>]*>", " ", sanitize_html(source))).split() == words


@given(st.text("<>/=\"' abdivpstyle:;!-&#", max_size=200))
def test_cleaning_twice_changes_nothing(source: str) -> None:
    clean = sanitize_html(source)
    assert sanitize_html(clean) == clean
