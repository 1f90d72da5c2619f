"""Makes the descriptions that nnU-Net v1 writes beside its checkpoints: v1_unet.model.pkl and v1_unetr_pp.model.pkl.

Usage: python make_v1_descriptions.py FOLDER_WITH_V1_PLANS. The plans are the invented ones of Tests/Fixtures/preparation/plans.
"""
import pickle
import sys
from pathlib import Path

plans = pickle.loads((Path(sys.argv[1]) / "v1_plans.pkl").read_bytes())
unet = pickle.loads((Path(sys.argv[1]) / "v1_unet_plans.pkl").read_bytes())
here = Path(__file__).parent


def write(name, trainer, plans, stage):
    arguments = ("plans.pkl", 0, "output", "data", False, stage, True, False, True)
    description = {"init": arguments, "name": trainer, "class": f"<class '{trainer}'>", "plans": plans}
    (here / name).write_bytes(pickle.dumps(description))


write("v1_unet.model.pkl", "nnUNetTrainerV2", unet, 0)
write("v1_unetr_pp.model.pkl", "unetr_pp_trainer_acdc", dict(plans, all_classes=[1, 2, 3], num_classes=3), 1)
