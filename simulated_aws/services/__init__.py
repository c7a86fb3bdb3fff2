"""The services: how each reads a request and what it answers, on the wire of its botocore model."""
