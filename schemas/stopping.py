"""Whether the person who runs this has asked it to end: long loops look here, so that paid answers are kept."""

import threading

_ASKED = threading.Event()


def ask_to_stop() -> bool:
    """Ask every long loop of this process to end. Returns whether that was asked before."""
    before = _ASKED.is_set()
    _ASKED.set()
    return before


def go_on() -> None:
    """Withdraw that request: what a test of stopping does, because its process goes on."""
    _ASKED.clear()


def end_if_asked() -> None:
    """Raises KeyboardInterrupt, in any thread, once it was asked to stop."""
    if _ASKED.is_set():
        raise KeyboardInterrupt
