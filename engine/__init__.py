"""The background engine: rooms that do the work, flows that join them, and the desk that pages call."""
