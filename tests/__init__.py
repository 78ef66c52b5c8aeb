"""The tests mirror the tree, a package at every level: `tests.parsers` then never hides `parsers`."""
