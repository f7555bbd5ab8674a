"""The sample: people who do not exist, drawn into the raw folders of datasets that do.

`write_sample(out, size, seed)` writes Market-1501, LTCC, SYSU-MM01 and CUHK-PEDES folders that any parser of the real
ones reads; `truth(size, seed)` tells what is true of every file. A fixture and a demonstration: figures on it are not
Re-ID results.

people, inks     who they are, what they wear, what it is made of
cameras          light, cast, blur, noise, view, scale, backdrop
figure, garments, heads, pen, render     from a person and a camera to pixels
captions, phrases.yaml     how hurried people describe them
layouts/         one file per raw layout
"""

from generators.sample.write import Truth, scaled_down, truth, write_sample

__all__ = ["Truth", "scaled_down", "truth", "write_sample"]
