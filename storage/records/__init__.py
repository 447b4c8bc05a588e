"""The shared words of the product: frozen dataclasses and enums, standard library only."""
