"""What is kept: one contract, held by SQLite and by PostgreSQL."""
