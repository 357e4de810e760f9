"""The canary: places a test order, follows it, cancels it, and tells whether all of that worked."""
