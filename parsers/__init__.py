"""What a mail says: bytes and text in, frozen values out.

A leaf of the house: it knows neither the daemon nor its storage, reads no clock, writes no log and opens no
file. Every function here is total on bad mail: what is wrong becomes a defect or an empty value, never an
exception. Begin with ``parsers.mail.parse_mail``.
"""
