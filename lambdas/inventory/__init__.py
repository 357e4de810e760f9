"""The inventory stage: moves an order's stock as the order goes on, or does not."""
