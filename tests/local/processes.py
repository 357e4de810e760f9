"""Which processes live, by their ids, as functions tell them."""

import psutil

from local import processes


def is_alive(process_id: int) -> bool:
    try:
        return processes.is_alive(psutil.Process(process_id))
    except psutil.NoSuchProcess:
        return False
