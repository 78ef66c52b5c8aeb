"""The board and what monitors ask: a read-only HTTP server beside the flow, off unless ``[http]`` is there.

``serving`` listens, ``access`` lets in, ``app`` names what can be asked for. Nothing here writes to the
ledger, and no mail waits for it: it has threads of its own, and where it cannot listen the desk goes on
without it.
"""
