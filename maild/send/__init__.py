"""Where mail goes out: what `maild.apply` has put into the outbox is claimed, delivered and settled.

Delivery is at least once with a stable Message-ID: a process that dies after the dot and before the commit
sends the same mail again, under the same id. A refusal is kept and told, a deferral is tried again later.
"""
