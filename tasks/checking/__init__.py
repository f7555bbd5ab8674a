"""Running the contracts and gates on a staged or published version, and what the gates have in common.

running     runner (all gates of a version), folding (a gate as a fold over blocks), sharing (with a second process),
            memory (what the checks of one process share)
reading     blocks (a table block by block), rows (conversations as flat columns), pictures and captions (by id),
            sampling (which rows a gate looks at)
judging     counting (figures that add up), statistics (intervals and fits), screening (which answers may be wrong),
            verdicts (how a gate words what it found)
blind       what a solver without eyes sees (blind), its guesses (guessing), and its ways of answering: lettered
            options, open_answers (sets, ranks, partitions), rated parts, stated attributes
reporting   report (a version folder), single (one file), compatibility (with an older version), placing and contents
            (files against the manifest), entries (a check as it is published), forms (text, JSON, JUnit, SARIF)
examples    toy (a small version that keeps every promise, for gates to damage)
"""
