"""The checks of a release: pure functions, one list of problems."""
