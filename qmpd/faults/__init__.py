"""Faults on the wire: replies and events that come late, twice, in pieces or not at all, and processes that die."""
