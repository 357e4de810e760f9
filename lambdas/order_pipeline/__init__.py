"""The order pipeline: its domain, and the adapters that connect the domain to AWS and Stripe.

The modules directly in this package are the domain and know nothing of AWS; `adapters` does.
"""
