"""The wizard as a pure state machine and the rules of a connection."""
