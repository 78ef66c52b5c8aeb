"""Tests of `doctor`: each fault is produced once, named, and told how to mend; a sound desk has none."""
