"""The report, counted by hand, and every form that it takes."""
