"""The schema: what the world sees. The only floor that knows strawberry."""
