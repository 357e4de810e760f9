"""What an order costs on AWS: the work it makes, measured on LocalStack, times London's prices.

`python -m cost` measures (`measuring`), prices (`arithmetic`, `month`), and writes docs/benchmarks.
"""
