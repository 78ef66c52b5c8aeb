"""The service-level report: the figures of a span for those who must prove the promise.

Stands beside the receivers, asked by the shell and, on the first day of a month, by ``timers``: rows of
``storage.figures`` -> ``decide.figures`` -> a ``sheet`` (page, table, letter) or an ``export`` (JSON, CSV).
"""
