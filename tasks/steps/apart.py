"""Work in a process of its own, so that all the memory it took goes back to the machine when it is done.

The process comes from a server that has imported the work's module and nothing else of the caller: neither threads nor
an orchestrator are copied, and starting one takes some hundredths of a second.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import current_process, get_all_start_methods, get_context
from typing import Any, TypeVar

import pyarrow as pa

from schemas.errors import EnvironmentFault

Result = TypeVar("Result")
_SERVED = "forkserver" in get_all_start_methods()
_ARROW_POOL = "ARROW_DEFAULT_MEMORY_POOL"


def apart(work: Callable[..., Result], *args: Any, lean: bool = False) -> Result:
    """The result of a module-level function, called in another process with arguments that can be pickled.

    A `lean` process starts from scratch, in a second or two. It and its children take Arrow's memory from the pool that
    gives most of it back: Arrow's default keeps some 300 MB after the tables of a large version were read.
    A process that may have no children, such as a Dask worker, does the work itself. Raises EnvironmentFault when the
    machine ends the process.
    """
    if current_process().daemon:
        return work(*args)
    served = _SERVED and not lean
    context = get_context("forkserver" if served else "spawn")
    if served:
        context.set_forkserver_preload([work.__module__])
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool, _arrow_pool(lean):
            return pool.submit(work, *args).result()
    except BrokenProcessPool as error:
        name = work.__name__.strip("_").replace("_", " ")
        raise EnvironmentFault(
            f"The machine ended a process ({name!r}), most likely for want of memory: run it again with --workers 1."
        ) from error


@contextmanager
def _arrow_pool(lean: bool) -> Iterator[None]:
    """Name Arrow's pool to the processes that start inside the block, unless the user has chosen one."""
    chosen = lean and "jemalloc" in pa.supported_memory_backends() and _ARROW_POOL not in os.environ
    if chosen:
        os.environ[_ARROW_POOL] = "jemalloc"
    try:
        yield
    finally:
        if chosen:
            del os.environ[_ARROW_POOL]
