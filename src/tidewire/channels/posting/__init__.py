"""Posting: one signed request over HTTPS for each delivery, for the channels that push so."""
