"""What each mail command does: one family of verbs a module, each with its sentences (pure).

Read by ``commands``, whose table names them all. A verb gets an ``Order`` and gives an ``Outcome`` or, with
an example, a ``Refusal``; it changes nothing itself.
"""
