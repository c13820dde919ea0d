"""Drawings of ships, places, cabins and decks: SVG made of a few shapes, without outside parts."""
