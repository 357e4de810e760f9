"""Which processes live; one that ended stays a zombie until its parent asks for it."""

import psutil


def is_alive(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
