"""The validation stage: checks that what was ordered is for sale at the price the customer saw."""
