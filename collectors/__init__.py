"""Reads AWS: accounts, regions, REST APIs, stages, methods and certificates, failures included."""
