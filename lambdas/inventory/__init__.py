"""The inventory stage: holds an order's stock, and gives it back when the order does not go on."""
