"""Tests of the passing of time."""
