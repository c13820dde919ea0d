"""The tables, declared once, as migrations compare them with the database."""
