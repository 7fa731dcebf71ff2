"""Accounts, bearer keys and signed tokens: who is asking, and what a link proves."""
