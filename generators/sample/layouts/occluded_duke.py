"""Occluded-Duke's layout: byte for byte the drawn pictures of DukeMTMC-reID, as the real one repeats the real one's."""

from generators.sample.duke import DUKE, duke_labels, occluded_shots
from generators.sample.layout import Layout

LAYOUT = Layout(name=DUKE, folder="Occluded_Duke", shots=occluded_shots, write_labels=duke_labels)
