"""What a configuration would do: outcomes, and what two of them differ in."""
