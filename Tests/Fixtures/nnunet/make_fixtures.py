"""Makes the fixtures of this folder with nnU-Net itself: trains small networks, exports them, and predicts a scan that they have not seen.

    pip install torch nnunetv2==2.8.1 nibabel
    python make_fixtures.py Task04_Hippocampus WORK [slices]

Task04_Hippocampus is the data set of the Medical Segmentation Decathlon (CC-BY-SA 4.0); scan.nii.gz and the masks are from it. WORK is a folder
for nnU-Net's own files. Zip files are as nnU-Net writes them, but for the curves of the training (progress.png).

  full_low.zip     nnUNetTrainer, 3d_fullres and 3d_lowres, with what nnUNetv2_find_best_configuration decided
  no_mirroring.zip nnUNetTrainerNoMirroring, 3d_fullres
  residual.zip     nnUNetTrainer with the residual encoder, 3d_fullres
  slices.zip       nnUNetTrainer, 2d; with the word "slices" only this model is made
  expected.json    for each model and for the ensemble some probabilities, with nnU-Net's sums in float16 and in float32
  NAME.nii.gz      nnU-Net's masks; turned.nii.gz that of turned_scan.nii.gz, whose axes run otherwise, where the reader turns scans
"""
import copy, json, os, pathlib, shutil, sys, zipfile

DATA, WORK, HERE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(__file__).parent
for key, folder in [("nnUNet_raw", "raw"), ("nnUNet_preprocessed", "preprocessed"), ("nnUNet_results", "results")]:
    os.environ[key] = str(WORK / folder)
    (WORK / folder).mkdir(parents=True, exist_ok=True)
os.environ.update(nnUNet_n_proc_DA="1", nnUNet_compile="f", nnUNet_def_n_proc="1")
import numpy as np, torch

NAME = "Dataset004_Hippocampus"
PLAIN, RESIDUAL = "nnUNetPlansSmall", "nnUNetResEncPlansSmall"
UNSEEN = "hippocampus_297"


def raw():
    """24 of the scans, in nnU-Net's layout."""
    folder = WORK / "raw" / NAME
    if folder.exists():
        return
    for part in ["imagesTr", "labelsTr"]:
        (folder / part).mkdir(parents=True)
    names = sorted(p.name for p in (DATA / "imagesTr").glob("hippocampus_*.nii.gz"))[:24]
    for name in names:
        shutil.copy(DATA / "imagesTr" / name, folder / "imagesTr" / name.replace(".nii.gz", "_0000.nii.gz"))
        shutil.copy(DATA / "labelsTr" / name, folder / "labelsTr" / name)
    description = {"channel_names": {"0": "MRI"}, "labels": {"background": 0, "Anterior": 1, "Posterior": 2}, "numTraining": len(names), "file_ending": ".nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(description))


def plans(base, name):
    """The plans of nnU-Net's planner, made small: three stages of 4, 8 and 12 features, and a second resolution."""
    place = WORK / "preprocessed" / NAME
    plans = json.loads((place / f"{base}.json").read_text())
    plans["plans_name"] = name
    full = plans["configurations"]["3d_fullres"]
    full.update(data_identifier="small_3d_fullres", spacing=[1.2, 0.9, 1.0], patch_size=[24, 32, 32], batch_size=2)
    network = full["architecture"]["arch_kwargs"]
    network.update(n_stages=3, features_per_stage=[4, 8, 12], n_conv_per_stage_decoder=network["n_conv_per_stage_decoder"][:2])
    for key in ["kernel_sizes", "strides", "n_conv_per_stage"]:
        if key in network:
            network[key] = network[key][:3]
    if "n_blocks_per_stage" in network:
        network["n_blocks_per_stage"] = [1, 2, 2]
    low = copy.deepcopy(full)
    low.update(data_identifier="small_3d_lowres", spacing=[1.8, 1.5, 1.6], patch_size=[16, 24, 24])
    flat = plans["configurations"]["2d"]
    flat.update(data_identifier="small_2d", spacing=[0.9, 1.1], patch_size=[32, 40], batch_size=8)
    network = flat["architecture"]["arch_kwargs"]
    network.update(n_stages=3, features_per_stage=[6, 12, 16], n_conv_per_stage_decoder=network["n_conv_per_stage_decoder"][:2])
    for key in ["kernel_sizes", "strides", "n_conv_per_stage", "n_blocks_per_stage"]:
        if key in network:
            network[key] = network[key][:3]
    plans["configurations"] = {"3d_fullres": full, "3d_lowres": low, "2d": flat}
    (place / f"{name}.json").write_text(json.dumps(plans))
    return plans


def train(trainer, plans, configuration, iterations=120, rate=0.03):
    out = WORK / "results" / NAME / f"{trainer.__name__}__{plans['plans_name']}__{configuration}" / "fold_0"
    if (out / "checkpoint_final.pth").exists():
        return
    plans = copy.deepcopy(plans)
    plans["continue_training"] = False
    torch.manual_seed(0)
    os.environ["nnUNet_n_proc_DA"] = "0"  # in this process, so that the seed holds
    description = json.loads((WORK / "preprocessed" / NAME / "dataset.json").read_text())
    run = trainer(plans=plans, configuration=configuration, fold=0, dataset_json=description, device=torch.device("cpu"))
    run.num_epochs, run.num_iterations_per_epoch, run.num_val_iterations_per_epoch, run.initial_lr = 4, iterations, 2, rate
    run.run_training()
    run.perform_actual_validation(save_probabilities=True)


def predict(trainer, plans, configuration, half=True):
    """Probabilities of the unseen scan, and the mask."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    kinds = torch.half, torch.float16
    if not half:
        torch.half = torch.float16 = torch.float32
    folder = WORK / "results" / NAME / f"{trainer}__{plans}__{configuration}"
    out = WORK / f"predicted_{'half' if half else 'single'}" / folder.name
    out.mkdir(parents=True, exist_ok=True)
    predictor = nnUNetPredictor(perform_everything_on_device=False, device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), (0,), "checkpoint_final.pth")
    predictor.predict_from_files_sequential([[str(DATA / f"imagesTr/{UNSEEN}.nii.gz")]], [str(out / UNSEEN)], save_probabilities=True, overwrite=True)
    torch.half, torch.float16 = kinds
    return out


def turned():
    """The mask of a scan whose axes run otherwise, by a model whose reader turns scans to RAS+."""
    import nibabel
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    image = nibabel.load(DATA / f"imagesTr/{UNSEEN}.nii.gz")
    codes = nibabel.orientations.axcodes2ornt("PIL")
    image = image.as_reoriented(nibabel.orientations.ornt_transform(nibabel.orientations.io_orientation(image.affine), codes))
    nibabel.save(image, HERE / "turned_scan.nii.gz")
    source, folder = WORK / f"results/{NAME}/nnUNetTrainerNoMirroring__{PLAIN}__3d_fullres", WORK / "turned"
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for reader in ["SimpleITKIOWithReorient", "NibabelIOWithReorient"]:
        plans = json.loads((source / "plans.json").read_text())
        plans["image_reader_writer"] = reader
        (folder / "plans.json").write_text(json.dumps(plans))
        predictor = nnUNetPredictor(perform_everything_on_device=False, device=torch.device("cpu"), allow_tqdm=False)
        predictor.initialize_from_trained_model_folder(str(folder), (0,), "checkpoint_final.pth")
        predictor.predict_from_files_sequential([[str(HERE / "turned_scan.nii.gz")]], [str(WORK / reader)], overwrite=True)
    masks = [nibabel.load(WORK / f"{reader}.nii.gz") for reader in ["SimpleITKIOWithReorient", "NibabelIOWithReorient"]]
    print("the two readers differ in", (masks[0].get_fdata() != masks[1].get_fdata()).sum(), "voxels", masks[0].shape, np.abs(masks[0].affine - masks[1].affine).max())
    shutil.copy(WORK / "NibabelIOWithReorient.nii.gz", HERE / "turned.nii.gz")


def export(export_pretrained_model, file, arguments):
    """A zip file as nnU-Net writes it, without the curves."""
    export_pretrained_model(4, str(WORK / file), folds=(0,), strict=True, **arguments)
    with zipfile.ZipFile(WORK / file) as source, zipfile.ZipFile(HERE / file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if not name.endswith(".png"):
                target.writestr(name, source.read(name))


def compared(name, file, arguments, folders):
    """What `expected.json` says of a model; its masks are copied."""
    arrays = [np.load(folder / f"{UNSEEN}.npz")["probabilities"] for folder in folders]
    places = np.sort(np.random.default_rng(7).choice(arrays[0].size, 400, replace=False))
    for folder, kind in zip(folders, ["", "_single"]):
        shutil.copy(folder / f"{UNSEEN}.nii.gz", HERE / f"{name}{kind}.nii.gz")
    return {
        "name": name, "file": file, "arguments": arguments, "indices": places.tolist(),
        "half": [round(float(x), 6) for x in arrays[0].ravel()[places]], "single": [round(float(x), 7) for x in arrays[1].ravel()[places]]}


SLICES = ("slices", "slices.zip", [], "nnUNetTrainer", PLAIN, "2d")


def slices(export_pretrained_model):
    """The two-dimensional model alone, beside what is there."""
    name, file, arguments, *model = SLICES
    export(export_pretrained_model, file, dict(configurations=("2d",), plans_identifier=PLAIN))
    known = json.loads((HERE / "expected.json").read_text())
    known["models"] = [m for m in known["models"] if m["name"] != name]
    known["models"].append(compared(name, file, arguments, [predict(*model, half=half) for half in (True, False)]))
    (HERE / "expected.json").write_text(json.dumps(known))


def main():
    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess
    from nnunetv2.ensembling.ensemble import ensemble_folders
    from nnunetv2.evaluation.find_best_configuration import dumb_trainer_config_plans_to_trained_models_dict, find_best_configuration
    from nnunetv2.model_sharing.model_export import export_pretrained_model
    from nnunetv2.postprocessing.remove_connected_components import apply_postprocessing_to_folder
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.training.nnUNetTrainer.variants.data_augmentation.nnUNetTrainerNoMirroring import nnUNetTrainerNoMirroring
    from batchgenerators.utilities.file_and_folder_operations import load_pickle
    from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
    from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
    only = sys.argv[3:]
    raw()
    if not (WORK / "preprocessed" / NAME / "nnUNetResEncUNetMPlans.json").exists():
        extract_fingerprints([4], num_processes=1)
        plan_experiments([4])
        plan_experiments([4], experiment_planner_class_name="nnUNetPlannerResEncM")
    plain, residual = plans("nnUNetPlans", PLAIN), plans("nnUNetResEncUNetMPlans", RESIDUAL)
    for configuration in only and ["2d"] or ["3d_fullres", "3d_lowres", "2d"]:
        if not (WORK / f"preprocessed/{NAME}/small_{configuration}").exists():
            preprocess([4], plans_identifier=PLAIN, configurations=(configuration,), num_processes=(1,))
    # So few iterations learn more without the usual augmentation, all but mirroring.
    def transforms(patch, rotation, scales, axes, dummy, use_mask_for_norm=None, is_cascaded=False, foreground_labels=None, regions=None, ignore_label=None):
        usual = nnUNetTrainer.get_validation_transforms(scales, is_cascaded, foreground_labels, regions, ignore_label)
        return ComposeTransforms(([MirrorTransform(allowed_axes=axes)] if axes else []) + usual.transforms)

    configure = nnUNetTrainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size
    nnUNetTrainer.get_training_transforms = staticmethod(transforms)
    nnUNetTrainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size = lambda self: (
        *configure(self)[:2], self.configuration_manager.patch_size, configure(self)[3])
    train(nnUNetTrainer, plain, "2d")
    if only:
        return slices(export_pretrained_model)
    train(nnUNetTrainer, plain, "3d_fullres")
    train(nnUNetTrainer, plain, "3d_lowres")
    train(nnUNetTrainerNoMirroring, plain, "3d_fullres")
    train(nnUNetTrainer, residual, "3d_fullres", iterations=300)
    best = find_best_configuration(
        4, dumb_trainer_config_plans_to_trained_models_dict(["nnUNetTrainer"], ["3d_fullres", "3d_lowres"], [PLAIN]), num_processes=1, folds=(0,))
    print(best["all_results"], best["best_model_or_ensemble"])
    for file, arguments in [
        ("slices.zip", dict(configurations=("2d",), plans_identifier=PLAIN)),
        ("full_low.zip", dict(configurations=("3d_lowres", "3d_fullres"), plans_identifier=PLAIN)),
        ("no_mirroring.zip", dict(configurations=("3d_fullres",), plans_identifier=PLAIN, trainer="nnUNetTrainerNoMirroring")),
        ("residual.zip", dict(configurations=("3d_fullres",), plans_identifier=RESIDUAL)),
    ]:
        export(export_pretrained_model, file, arguments)

    expected, folders = [], {}
    models = [
        ("full", "full_low.zip", ["--configuration", "3d_fullres"], "nnUNetTrainer", PLAIN, "3d_fullres"),
        ("low", "full_low.zip", ["--configuration", "3d_lowres"], "nnUNetTrainer", PLAIN, "3d_lowres"),
        ("no_mirroring", "no_mirroring.zip", [], "nnUNetTrainerNoMirroring", PLAIN, "3d_fullres"),
        ("residual", "residual.zip", [], "nnUNetTrainer", RESIDUAL, "3d_fullres"),
        SLICES,
    ]
    for name, file, arguments, *model in models:
        folders[name] = [predict(*model, half=half) for half in (True, False)]
    folders["ensemble"] = []
    for index, kind in enumerate(["half", "single"]):
        out, clean = WORK / f"predicted_{kind}/ensemble", WORK / f"predicted_{kind}/ensemble_clean"
        selected = [folders[{"3d_fullres": "full", "3d_lowres": "low"}[m["configuration"]]][index] for m in best["best_model_or_ensemble"]["selected_model_or_models"]]
        assert len(selected) == 2, "one of the two is best alone; train longer, or another number of iterations"
        ensemble_folders([str(f) for f in selected], str(out), save_merged_probabilities=True, num_processes=1,
            dataset_json_file_or_dict=str(WORK / f"results/{NAME}/nnUNetTrainer__{PLAIN}__3d_fullres/dataset.json"),
            plans_json_file_or_dict=str(WORK / f"results/{NAME}/nnUNetTrainer__{PLAIN}__3d_fullres/plans.json"))
        functions, arguments = load_pickle(best["best_model_or_ensemble"]["postprocessing_file"])
        apply_postprocessing_to_folder(
            str(out), str(clean), functions, arguments, best["best_model_or_ensemble"]["some_plans_file"], num_processes=1,
            dataset_json_file_or_dict=str(WORK / f"results/{NAME}/nnUNetTrainer__{PLAIN}__3d_fullres/dataset.json"))
        shutil.copy(clean / f"{UNSEEN}.nii.gz", out / f"{UNSEEN}.nii.gz")
        folders["ensemble"].append(out)
    for name, file, arguments in [m[:3] for m in models] + [("ensemble", "full_low.zip", [])]:
        expected.append(compared(name, file, arguments, folders[name]))
    shutil.copyfile(DATA / f"imagesTr/{UNSEEN}.nii.gz", HERE / "scan.nii.gz")
    turned()
    (HERE / "expected.json").write_text(json.dumps({"nnunetv2": "2.8.1", "models": expected}))


if __name__ == "__main__":
    main()
