"""The reconciler: looks after open orders that are past their due, and after the books."""
