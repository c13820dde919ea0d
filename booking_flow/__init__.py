"""The core of live cruise booking: the flow table, the saga and the rules that decide them."""
