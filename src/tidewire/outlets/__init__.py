"""Outlets: the wire to be pulled, from a cursor on, in the format that an outlet's system reads."""
