"""The shapes of requests and answers, in pydantic; the core knows none of them."""
