"""Stories of whole days: the real daemon between a real mailbox and a mail server, told from outside."""
