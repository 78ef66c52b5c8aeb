"""An exchange that lasts too long is cut, once, and no other."""

import math
import socket
import threading

from maild.line import Line, hang_up


def test_only_what_lasts_too_long_is_cut() -> None:
    """And only while it lasts."""
    cut: list[str] = []
    line = Line(10.0)
    assert not line.cut_if_overdue(now=math.inf)
    with line.exchange(lambda: cut.append("first")):
        assert not line.cut_if_overdue(now=0.0)
        assert line.cut_if_overdue(now=math.inf)
        assert not line.cut_if_overdue(now=math.inf)
    with line.exchange(lambda: cut.append("second")):
        assert not line.cut_if_overdue()
    assert not line.cut()
    assert cut == ["first"]


def test_without_a_limit_it_is_cut_by_order_only() -> None:
    """As when the daemon ends."""
    cut: list[str] = []
    line = Line(math.inf)
    with line.exchange(lambda: cut.append("now")):
        assert not line.cut_if_overdue(now=1e12)
        assert line.cut()
    assert cut == ["now"]


def test_it_is_cut_from_another_thread() -> None:
    """Which is the only one that can: the first one is waiting."""
    line, cut = Line(0.0), threading.Event()
    with line.exchange(cut.set):
        thread = threading.Thread(target=line.cut_if_overdue)
        thread.start()
        assert cut.wait(10)
        thread.join()


def test_whoever_reads_hears_that_the_connection_ended() -> None:
    """Also where it has ended before, or there is none."""
    ours, theirs = socket.socketpair()
    with theirs:
        reader = threading.Thread(target=ours.recv, args=(1,))
        reader.start()
        hang_up(ours)
        reader.join(10)
        assert not reader.is_alive()
        assert theirs.recv(1) == b""
    ours.close()
    hang_up(ours)
    hang_up(None)
