"""Erasing a customer: from every store, as a job, with a certificate at its end."""
