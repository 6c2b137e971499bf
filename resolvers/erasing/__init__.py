"""Erases a customer from every store, as a job that ends with a certificate."""
