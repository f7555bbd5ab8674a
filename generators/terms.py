"""What is known of the people whom a source shows, and which work to cite: the card of a version repeats both.

It stands beside the readers and not in them, because a reader's text is part of what its steps are named by, and no row
depends on this. A source that is not named here says so on the card.
"""

from typing import NamedTuple


class Terms(NamedTuple):
    """`papers`: author, venue and year of the work that brought a dataset; `consent`: what its people agreed to."""

    papers: str
    consent: str | None = None


DRAWN = "nobody is shown: a program drew the people"
UNKNOWN = "not known to us"
_NEVER = "never asked: the authors withdrew it for that"
_WEB = "not known to us: found on the web"

TERMS = {
    "celeb_reid": Terms("Huang et al., IJCNN 2019; Huang et al., IEEE TCSVT 2020", _WEB),
    "celeb_reid_light": Terms("Huang et al., IJCNN 2019", _WEB),
    "cuhk03": Terms("Li et al., CVPR 2014; Zhong et al., CVPR 2017"),
    "cuhk_pedes": Terms("Li et al., CVPR 2017"),
    "deepchange": Terms("Xu and Zhu, ICCV 2023"),
    "dukemtmc": Terms("Ristani et al., ECCV Workshops 2016; Zheng et al., ICCV 2017", _NEVER),
    "icfg_pedes": Terms("Ding et al., arXiv 2107.12666, 2021"),
    "llcm": Terms("Zhang and Wang, CVPR 2023"),
    "ltcc": Terms("Qian et al., ACCV 2020"),
    "luperson_mllm": Terms("Tan et al., CVPR 2024", _WEB),
    "mals": Terms("Yang et al., ACM Multimedia 2023", "nobody is shown: a model made the pictures"),
    "market1501": Terms("Zheng et al., ICCV 2015; Lin et al., Pattern Recognition 2019 (attributes)"),
    "msmt17": Terms("Wei et al., CVPR 2018"),
    "occluded_duke": Terms("Miao et al., ICCV 2019; Ristani et al., ECCV Workshops 2016", _NEVER),
    "orbench": Terms("Zuo et al., NeurIPS 2025"),
    "pa100k": Terms("Liu et al., ICCV 2017"),
    "peta": Terms("Deng et al., ACM Multimedia 2014"),
    "prcc": Terms("Yang et al., IEEE TPAMI 2021"),
    "rap": Terms("Li et al., arXiv 1603.07054, 2016; Li et al., IEEE TIP 2019"),
    "regdb": Terms("Nguyen et al., Sensors 2017"),
    "rstpreid": Terms("Zhu et al., ACM Multimedia 2021"),
    "synth_pedes": Terms("Zuo et al., NeurIPS 2024", _WEB),
    "sysu_mm01": Terms("Wu et al., ICCV 2017", "given in writing, say its authors"),
    "ufine6926": Terms("Zuo et al., CVPR 2024"),
    "vc_clothes": Terms("Wan et al., CVPR Workshops 2020", "nobody is shown: characters of a video game"),
}


def consent_of(source: str, access_status: str) -> str:
    """What the people of a source agreed to, as far as it is known, in a few words."""
    if access_status == "synthetic":
        return DRAWN
    return (TERMS[source].consent if source in TERMS else None) or UNKNOWN


def papers_of(source: str, access_status: str) -> str | None:
    """The work to cite for a source; None where a program drew it, or where none is known."""
    return TERMS[source].papers if source in TERMS and access_status != "synthetic" else None
