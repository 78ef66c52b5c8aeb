"""What a configuration would do with mail, and where another one would do otherwise; nothing comes of it.

Stands above ``replay``, whose mails it takes; ``maild replay --dry-run`` calls it. ``trial`` files them as
on any day, in a ledger that is thrown away; ``outcome`` is what is told of each, and compares two.
"""
