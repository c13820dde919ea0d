"""The one library of helpers: what more than one folder of tests needs."""
