"""Why a command about an order is refused: it conflicts with what the order already is."""


class CommandRefusedError(Exception):
    """The order is not in a state that allows the command; the message says why."""


class CommandConflictError(Exception):
    """A command with this id was carried out before, with different content."""
