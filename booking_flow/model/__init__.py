"""Values: sessions, parties, cards, money, prices, baskets and history; they decide nothing."""
