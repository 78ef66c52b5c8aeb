"""Where mail comes in: one protocol a module, each of which hands Arrivals to `maild.ingest`.

The server keeps a mail until `maild.ingest` has said what became of it, so a failure here loses nothing: the
connection is dropped, and after a pause the same mail is found again. A bad mail is never taken for a bad
connection.
"""
