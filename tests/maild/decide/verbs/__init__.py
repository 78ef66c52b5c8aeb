"""What each command does, as tables: who may, what changes, what its author reads."""
