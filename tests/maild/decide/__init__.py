"""What one mail, or the passing of time, means: tables of cases, and properties that hold for any mail."""
