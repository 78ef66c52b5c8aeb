"""Real servers for the tests, each in a temporary directory on a loopback port that was free a moment ago."""
