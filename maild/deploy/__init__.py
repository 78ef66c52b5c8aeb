"""Files that an administrator installs beside maild: ``maild.service`` for systemd.

Nothing in the flow knows them; they are kept here so that every installation has them.
"""
