"""The webhook channel: signed HTTPS posts to outlets, as Standard Webhooks 1.0 has them."""
