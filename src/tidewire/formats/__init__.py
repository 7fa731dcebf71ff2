"""Formats: an edition as text, HTML, a JSON item or a feed document. Pure: no I/O, no clock."""
