"""What is kept: raw mail, tickets, their messages and events, and the mail that is owed.

A leaf: it knows neither `maild` nor `parsers`. `storage.records` are the values that the rest of the
program reasons about; tables, sessions and SQL stay in here. Whoever calls decides when a transaction
begins and ends; what fails in one is rolled back and raised.
"""
