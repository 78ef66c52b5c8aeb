"""The wheel: what it holds, and whether it works where it is installed."""
