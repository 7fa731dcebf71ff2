"""The feed channel: Atom, RSS and JSON Feed by language and sector."""
