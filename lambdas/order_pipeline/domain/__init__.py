"""The rules of an order's life. To read them, begin with `transitions.py` and `order.py`."""
