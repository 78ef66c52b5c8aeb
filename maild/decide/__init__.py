"""What one mail, or the passing of time, means for the desk.

Pure throughout: values in (`facts`, `policy`), a `decision` out, with its reasons. Nothing here reads a
clock, a file, a database or the network, nothing logs, and nothing raises on a strange mail. `maild.ingest`
gathers the facts beforehand, `maild.apply` carries the decision out afterwards.
"""
