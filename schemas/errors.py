"""Every error this project raises on purpose, and the exit code each one ends a command with.

ReIDForgeError
├── PromiseBroken (exit 1)        a promise of the data is broken
│   ├── GateFailed                a gate or a contract refused the staged version
│   ├── DigestMismatch            bytes are not the bytes that were published
│   ├── Revoked                   a version that was taken back; the message names its successor
│   ├── MissingGenerations        a replay needs model answers that the store does not hold
│   ├── BudgetSpent               a build stopped where its budget ended
│   └── VersionExists             a create-once reference already points elsewhere
├── WrongUse (exit 2)             the request cannot be meant as it was written
│   ├── UnknownName               no source, question, gate … of that name
│   ├── BadRecipe                 a recipe that does not say something buildable
│   ├── BadContract               a contract that is not the data contract it should be
│   ├── BadRawData                a raw folder that is not the dataset it is said to be
│   ├── BadTable                  a table or file that does not have the promised form
│   ├── BadScores                 a score matrix of another shape, or with values that are not finite
│   ├── Withdrawn                 a dataset that its authors have withdrawn, and no reason to use it was given
│   └── UnknownVersion            no such version or reference
└── EnvironmentFault (exit 3)     the machine, not the request, is at fault
    ├── NotWritable               a folder cannot be written
    ├── EndpointFault             the model endpoint is not set, does not answer, or refuses the key
    ├── Unreachable               a remote does not answer
    ├── FormatTooNew              a version of a format that only a newer reidforge reads
    └── MissingExtra              an optional package group is not installed
"""

from collections.abc import Sequence


class ReIDForgeError(Exception):
    """A failure in one sentence for the person who reads it; `problems` lists the faults when there are many."""

    exit_code = 1

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [str(self.args[0]), *(f"  - {problem}" for problem in self.problems)]
        return "\n".join(lines)


class PromiseBroken(ReIDForgeError):
    """A promise of the data is broken: exit code 1."""

    exit_code = 1


class GateFailed(PromiseBroken):
    """A gate or a contract refused the staged version."""


class DigestMismatch(PromiseBroken):
    """Stored bytes differ from the digest that was published for them."""


class Revoked(PromiseBroken):
    """A version that was taken back; the message names why and its successor."""


class MissingGenerations(PromiseBroken):
    """A replay needs model answers that the store does not hold."""


class BudgetSpent(PromiseBroken):
    """A build stopped where its budget ended; what was answered is stored, and the next one goes on from there."""


class VersionExists(PromiseBroken):
    """A create-once reference already points at another version."""


class WrongUse(ReIDForgeError):
    """The request cannot be meant as it was written: exit code 2."""

    exit_code = 2


class UnknownName(WrongUse):
    """No declaration of that name; the message offers the nearest and the whole list."""

    @classmethod
    def of(cls, kind: str, name: str, known: Sequence[str]) -> "UnknownName":
        """The error for `name`, which is not among the `known` names of this `kind`."""
        from difflib import get_close_matches

        spelt = {one.lower(): one for one in known}
        near = get_close_matches(name.lower(), spelt, n=1, cutoff=0.4)
        guess = f" Did you mean {spelt[near[0]]!r}?" if near else ""
        return cls(f"There is no {kind} named {name!r}.{guess} Known: {', '.join(known) or 'none'}.")


class BadRecipe(WrongUse):
    """A recipe that does not say something buildable."""


class BadContract(WrongUse):
    """A contract that is not the data contract it should be."""


class BadRawData(WrongUse):
    """A raw folder that is not the dataset it is said to be."""


class BadTable(WrongUse):
    """A table or file that does not have the promised form."""


class BadScores(WrongUse):
    """A score matrix that does not cover the protocol, or holds values that are not finite numbers."""


class Withdrawn(WrongUse):
    """A dataset that its authors have withdrawn; the message names why, and the override."""


class UnknownVersion(WrongUse):
    """No such published version or reference."""


class EnvironmentFault(ReIDForgeError):
    """The machine, not the request, is at fault: exit code 3."""

    exit_code = 3


class NotWritable(EnvironmentFault):
    """A folder cannot be written."""


class EndpointFault(EnvironmentFault):
    """The model endpoint is not set, does not answer, or refuses the key."""


class Unreachable(EnvironmentFault):
    """A remote does not answer, or says something that cannot be understood."""


class FormatTooNew(EnvironmentFault):
    """A version of a format that only a newer reidforge reads; the message names the command that upgrades."""


class MissingExtra(EnvironmentFault):
    """An optional package group is not installed; the message names the command that installs it."""

    @classmethod
    def of(cls, what: str, extra: str) -> "MissingExtra":
        """The error for `what`, which needs the optional group `extra`."""
        return cls(f"{what} needs packages that are not installed: run `pip install 'reidforge[{extra}]'`.")
