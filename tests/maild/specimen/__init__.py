"""The templates as people see them."""
