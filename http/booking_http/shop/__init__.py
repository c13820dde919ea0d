"""The guest's pages: finding a sailing and booking it, on top of what the API asks and answers."""
