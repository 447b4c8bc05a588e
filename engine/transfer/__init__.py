"""The client side of moving files: patterns and one transport per method."""
