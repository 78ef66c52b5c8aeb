"""How memory is kept: what a batch of mails needed goes back to the system when it is filed.

Stands beside the flow; ``daemon`` asks for it before it starts a thread, and the command line for as long as
modules are loaded. glibc gives each thread an arena of
its own and, once a large block was freed, keeps blocks of that size as well; beside what lives long, such as
a page of the database, they stay resident for good: 14 MB after 20,000 mails. Another C library is left as it
is. It cannot fail.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# mallopt(3)
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
# What glibc begins with. Set once, it no longer grows with what is freed.
_LARGE = 128 << 10


def give_back() -> None:
    """From now on one arena serves every thread, and a large block is the system's again when it is freed."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)


@contextmanager
def growing() -> Iterator[None]:
    """What is made meanwhile stays, as modules do: to look for garbage among it, then or ever after, takes a
    sixth of a start."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.freeze()
            gc.enable()
