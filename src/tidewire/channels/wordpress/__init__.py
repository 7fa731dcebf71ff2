"""The WordPress channel: a post for each delivery, by the REST API of an outlet's own site."""
