"""How PostgreSQL is reached: addresses, connections, and what their failures mean."""
