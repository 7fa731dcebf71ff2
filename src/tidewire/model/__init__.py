"""The nouns of the trade: frozen values and tables of what is allowed. No I/O, no clock."""
