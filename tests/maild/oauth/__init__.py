"""Tests of the tokens that open mailbox and submission, by a real token server over TLS."""
