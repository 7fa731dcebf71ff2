"""Readers of the public pages, and who answers them."""
