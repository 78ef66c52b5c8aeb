"""What leaves: the outbox and the courier that carries it."""
