"""Work in a process of its own, so that all the memory it took goes back to the machine when it is done.

The process comes from a server that has imported the work's module and nothing else of the caller: neither threads nor
an orchestrator are copied, and starting one takes some hundredths of a second.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import current_process, get_all_start_methods, get_context
from typing import Any, TypeVar

from schemas.errors import EnvironmentFault

Result = TypeVar("Result")
_SERVED = "forkserver" in get_all_start_methods()


def apart(work: Callable[..., Result], *args: Any) -> Result:
    """What a function of a module gives for arguments that can be sent to another process, once that has ended.

    A process that may have no children, such as a Dask worker, does it itself. Raises EnvironmentFault when the
    machine ends the process.
    """
    if current_process().daemon:
        return work(*args)
    context = get_context("forkserver" if _SERVED else "spawn")
    if _SERVED:
        context.set_forkserver_preload([work.__module__])
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(work, *args).result()
    except BrokenProcessPool as error:
        name = work.__name__.strip("_").replace("_", " ")
        raise EnvironmentFault(
            f"The machine ended a process ({name!r}), most likely for want of memory: run it again with --workers 1."
        ) from error
