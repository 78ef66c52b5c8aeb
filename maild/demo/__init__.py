"""A rehearsal on a machine with no mail server: `maild demo`.

The real daemon runs against an IMAP server and a post office inside this process tree, with its own state
in a temporary directory, which stays, to be looked at. Nothing leaves the loopback interface.
"""
