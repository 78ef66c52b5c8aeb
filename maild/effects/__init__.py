"""What each change does to the ledger and to the outbox: one area a module, ``work`` under them all.

Stands between ``apply``, which walks through a decision, and ``compose`` and ``storage``. Everything here
runs in the caller's transaction and decides nothing; whatever it raises undoes the whole mail.
"""
