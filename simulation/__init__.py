"""The flash-sale model: what the pipeline does with more orders than it was sized for.

Orders travel in cohorts: those that came in the same tenth of a second, with the times of the
first and the last of them. Each queue is worked off first in, first out, at the rate that its
environments allow just then, and each limit refuses what is above it. So six million orders are
some hundred thousand events instead of hundreds of millions
(docs/adr/0018-the-flash-sale-model-is-cohort-based.md says why, and what is lost by it).

What the model is told comes from three places: sizes from `stacks.settings`, counts of writes and
calls from `stacks.order_cost`, and service times from a measured run or from `service_times`.
"""
