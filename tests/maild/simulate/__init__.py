"""The simulation: its year, its oracle, and that it fails where the desk does."""
