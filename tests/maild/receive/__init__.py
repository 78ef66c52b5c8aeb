"""Where mail comes in: the mailbox, its batches, its bad days."""
