"""The live line of a terminal: how far a step is, at which rate, how long it may still take, and a note below."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


def live_bars(console: Console) -> Progress:
    """Bars on a console, which are gone when they are closed; each task has a field `note`."""
    columns = (
        TextColumn("  {task.description:<18}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        _Speed(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return _Noted(*columns, console=console, transient=True)


class _Speed(ProgressColumn):
    """How many a second, once that is known."""

    def render(self, task: Task) -> Text:
        """The rate of a task."""
        return Text("" if task.speed is None else f"{task.speed:,.1f}/s")


class _Noted(Progress):
    """Bars with what is noted of each in a line of its own, so that neither is cut on a narrow terminal."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, then the notes."""
        yield self.make_tasks_table(self.tasks)
        yield from (Text(f"    {task.fields['note']}") for task in self.tasks if task.fields["note"])
