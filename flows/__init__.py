"""Order, schedule, parameters, command line: one file per flow an operator runs."""

from flows.settings import prepare

prepare()
