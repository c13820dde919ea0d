"""The one library of helpers: what more than one room of the tests needs."""
