"""Watching: what is stuck and why, in plain words and in figures."""
