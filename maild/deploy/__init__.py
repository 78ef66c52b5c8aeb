"""Files that an administrator installs beside maild.

``maild.service`` is for systemd, ``alerts.yml`` for Prometheus. Nothing in the flow knows them; they are kept
here so that every installation has them.
"""
