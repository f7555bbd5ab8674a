"""The sample: people who do not exist, drawn into the raw folders of datasets that do.

`write_sample(out, size, seed)` writes raw folders that any parser of the real datasets reads; `truth(size, seed)` tells
what is true of every file. A fixture and a demonstration: figures on it are not Re-ID results.

people, inks            who they are, what they wear, what it is made of
cameras                 light, cast, blur, noise, view, scale, backdrop
figure, garments, heads, pen, render     from a person and a camera to pixels
contours, films         sketches, thermal pictures and coloured drawings made of those pixels
captions, phrases.yaml  how hurried people describe them
draws                   random numbers by key
layout, layouts/        what a raw layout declares; one file per raw layout
crowds, streets, duke, borrowed     pictures that several layouts share
records, mat_files, attribute_table     label files in the formats of the datasets
write                   all of it into folders
"""

from generators.sample.write import Truth, scaled_down, truth, write_sample

__all__ = ["Truth", "scaled_down", "truth", "write_sample"]
