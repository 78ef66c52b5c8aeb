"""Tests of what a decision leaves behind."""
