"""What was freed is the system's again, whatever lives beside it."""

import gc
import importlib
import subprocess
import sys

import pytest

from maild import heap

# Frees a large block first, after which glibc would keep such blocks; then each block but the last of 16 MB.
_PROGRAM = """
from pathlib import Path
from maild import heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

heap.give_back()
bytearray(8 << 20)
before = resident()
blocks = [bytearray(b"x" * (256 << 10)) for _ in range(64)]
del blocks[:-1]
print(resident() - before)
"""


def test_large_blocks_go_back() -> None:
    """In a process of its own, for it cannot be taken back."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 << 20


@pytest.mark.parametrize("looks", [True, False])
def test_garbage_is_looked_for_again_as_before(looks: bool) -> None:
    """Also where a module cannot be loaded; in a process that never looks it stays so."""
    before = gc.isenabled()
    (gc.enable if looks else gc.disable)()
    try:
        with pytest.raises(ModuleNotFoundError), heap.growing():
            importlib.import_module("maild.nowhere")
        gc.unfreeze()
        with heap.growing():
            assert not gc.isenabled()
        assert (gc.get_freeze_count() > 0) is looks
        assert gc.isenabled() is looks
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
