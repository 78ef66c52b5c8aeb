"""Tests of the daemon: one module for each of its modules."""
