"""The WebSub channel: a hub for the wire's own feeds, and what it sends to who subscribed."""
