"""The base of events."""


class Event:
    """Something that happened; handlers that match it react."""
