"""The tests, which mirror the tree: a package at every level, so that `tests.parsers` never hides `parsers`."""
