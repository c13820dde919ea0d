"""Pictures of sailings: a ship in its region."""

from adapters.simulator.drawings.places import HEIGHT, place
from adapters.simulator.drawings.shapes import group, picture
from adapters.simulator.drawings.ships import DEFS, LOOKS, ship
from adapters.simulator.reference_data import Ship


def sailing(vessel: Ship, region: str) -> str:
    """Return a ship off the shore of a region."""
    defs, behind, before = place(region)
    # Smaller than it is drawn, so that the shore can be seen on both sides of it.
    afloat = group(ship(LOOKS[vessel.code]), "translate(172 96) scale(.82)")
    shapes = [f"<defs>{defs}{DEFS}</defs>", *behind, afloat, *before]
    return picture(1200, HEIGHT, shapes, title=f"{vessel.name} in the region {region}")
