"""A release arrives: it is read, checked and stored once."""
