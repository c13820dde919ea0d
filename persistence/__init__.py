"""PostgreSQL: the tables, the stores, the unit of work and the migrations."""
