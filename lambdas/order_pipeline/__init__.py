"""The order pipeline, shared by its functions: the domain, its adapters, and the API's documents.

`domain` holds the rules and imports nothing of AWS or Stripe; `adapters` connects it to them;
`api` is what callers send and get.
"""
