"""Settings are read, the parts are joined, the programs run. No rule of the trade lives here."""
