"""A year of the desk in seconds: arrivals and acts at random, through the real clocks and the real sweep.

Stands beside ``replay``, called by ``cli``. ``year`` says what people do and when (pure); ``room`` carries it
out on a ledger of its own, with the desk's own deciding and writing; ``oracle`` keeps a record of its own and
says by plain arithmetic who must have been told of what; ``running`` lets the time pass and compares.
"""
