"""The parsers, module by module, and on the corpus."""
