"""Each room of the engine and the storage by itself."""
