"""POST /orders: the one write that makes an order exist."""
