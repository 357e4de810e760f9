"""What connects the domain to AWS and to Stripe."""
