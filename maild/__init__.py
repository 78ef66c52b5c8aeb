"""The daemon behind a service desk's mail address.

Read `maild.ingest` first: it is the way of one mail, in about ten lines. The tree reads as that flow does:
`receive` takes mail from a mailbox or a door, `ingest` keeps it and files it, `decide` says what it means
(and touches nothing), `apply` carries the decision out in one transaction, `send` delivers what is then
owed. `daemon` builds the parts and starts them; `timers` calls what is due; `cli` is what an administrator
meets.
"""
