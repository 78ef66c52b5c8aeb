"""What looks at the desk by HTTP: its pages, its guard and its listener."""
