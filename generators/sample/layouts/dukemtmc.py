"""DukeMTMC-reID's layout, with people who do not exist: the only form in which it can be read without a reason."""

from generators.sample.duke import DUKE, duke_labels, duke_shots
from generators.sample.layout import Layout

LAYOUT = Layout(name=DUKE, folder="DukeMTMC-reID", shots=duke_shots, write_labels=duke_labels)
