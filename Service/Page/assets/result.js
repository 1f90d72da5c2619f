// One job: its progress, and its result in the viewer.

import * as api from "./api.js";
import { byId, dismissReport, duration, element, figure, report } from "./dom.js";
import * as jobs from "./jobs.js";
import { names } from "./upload.js";
import { View, Viewer } from "./viewer.js";

const formats = [
    ["nifti", "NIfTI (.nii.gz)", "nii.gz"],
    ["nrrd", "NRRD (.nrrd)", "nrrd"],
    ["seg-nrrd", "3D Slicer segmentation (.seg.nrrd)", "seg.nrrd"],
    ["metaimage", "MetaImage (.mha)", "mha"],
    ["dicom-seg", "DICOM segmentation", "seg.dcm"],
    ["rtstruct", "DICOM structure set", "rtstruct.dcm"],
];

// Window and level of CT, in Hounsfield units.
const presets = { "CT soft tissue": [400, 40], "CT lung": [1500, -600], "CT bone": [1800, 400], "CT brain": [80, 40], "CT liver": [150, 60] };

let open = null; // { job, stop, structures }
export const viewer = new Viewer(byId("canvas"), { onLocation: showLocation, onWindow: showWindow });

const say = (text) => (byId("status").textContent = text);

/** Opens a job: follows it until its end, then shows its result. */
export async function show(id) {
    open?.stop.abort();
    const stop = new AbortController();
    open = { job: { id }, stop, structures: [] };
    dismissReport();
    byId("result-body").hidden = true;
    jobs.setCurrent(id);
    try {
        let job = await api.job(id, stop.signal);
        showProgress(job);
        if (!api.isFinal(job)) {
            jobs.refresh();
            job = await api.follow(id, { signal: stop.signal, onJob: showProgress, onLost: () => say("The server does not answer. Trying again.") });
            jobs.refresh();
        }
        if (job.state === "done") await load(job, stop.signal);
    } catch (error) {
        if (error.name !== "AbortError") close("The job could not be shown.");
        report(error);
    }
}

/** Leaves the page without a job. */
export function close(text = "Drop a scan, choose a model and press Start. The mask appears here.") {
    open?.stop.abort();
    open = null;
    document.title = "UNETR++";
    byId("result-body").hidden = true;
    byId("progress").hidden = true;
    jobs.setCurrent(null);
    say(text);
}

function showProgress(job) {
    open.job = job;
    const { state, progress, position, secondsLeft } = job;
    const share = Math.floor(100 * progress);
    byId("progress").hidden = api.isFinal(job);
    const bar = byId("progress").querySelector("progress");
    if (state === "queued") bar.removeAttribute("value");
    else bar.value = progress;
    // Nothing of the scan: titles end up in histories and on shared screens.
    document.title = state === "running" ? `${share} % – UNETR++` : "UNETR++";
    say({
        queued: position > 0 ? `Waiting: ${position} before it.` : "Waiting to start.",
        running: `${jobs.title(job)}: ${share} %${secondsLeft === undefined ? "" : `, about ${duration(secondsLeft)} left`}`,
        done: "Loading the result.",
        failed: job.error?.reason ?? "The job failed.",
        canceled: "The job was canceled.",
    }[state]);
    byId("status").setAttribute("aria-live", state === "running" ? "off" : "polite"); // nobody wants to hear each percent
    byId("status").classList.toggle("problem", state === "failed");
}

async function load(job, signal) {
    const [mask, structures] = await Promise.all([api.result(job.id, "nifti", signal), api.statistics(job.id, signal)]);
    open.structures = structures;
    byId("result-body").hidden = false;
    showStructures(structures);
    showComparison(null);
    offerFormats(false);
    try {
        await draw(job, mask, structures, signal);
    } catch (error) {
        signal.throwIfAborted();
        byId("view").hidden = true; // it may show another scan
        report(error.status === 401 ? error : new Error(`The scan cannot be shown: ${error.message} The mask can be downloaded all the same.`));
    }
    signal.throwIfAborted();
    say(`${jobs.title(job)}: done${took(job)}.`);
}

async function draw(job, mask, structures, signal) {
    const [scan, image] = await Promise.all([api.scan(job.scan, signal), api.scanImage(job.scan, signal)]);
    offerFormats(/dicom/i.test(scan.format));
    byId("view").hidden = false;
    await viewer.show(image, mask, structures, signal);
    signal.throwIfAborted();
    viewer.setView(Number(document.querySelector("#views input:checked").value));
    offerPresets();
    showWindow(viewer.range);
}

const took = ({ started, ended, fromStore }) =>
    fromStore ? ", answered from an earlier job" : started && ended ? ` in ${duration((new Date(ended) - new Date(started)) / 1000)}` : "";

function showStructures(structures) {
    byId("show-all").checked = true;
    byId("show-all").indeterminate = false;
    byId("structures").tBodies[0].replaceChildren(...structures.map(({ value, name, color, voxels, milliliters, center }) => {
        const box = element("input", { type: "checkbox", checked: true, value, "aria-label": `Show ${name}`, onchange: () => toggle([box]) });
        const chip = element("span", { className: "chip" });
        chip.style.backgroundColor = color;
        const jump = element("button", { type: "button", textContent: "Go to", "aria-label": `Go to the center of ${name}`, disabled: !center, onclick: () => viewer.jump(center) });
        return element("tr", { className: voxels ? "" : "absent" },
            element("td", {}, box), element("th", { scope: "row" }, chip, name),
            element("td", { className: "number", textContent: voxels ? figure(milliliters, 3, "ml") : "not found" }), element("td", {}, jump));
    }));
}

const structureBoxes = () => [...byId("structures").tBodies[0].querySelectorAll("input")];

/** Shows or hides the structures of these boxes. */
function toggle(boxes) {
    for (const visible of [true, false]) {
        const values = boxes.filter(({ checked }) => checked === visible).map(({ value }) => Number(value));
        if (values.length) viewer.setVisible(values, visible);
    }
    const shown = structureBoxes().filter(({ checked }) => checked).length;
    byId("show-all").checked = shown > 0;
    byId("show-all").indeterminate = shown > 0 && shown < structureBoxes().length;
}

function showComparison(structures) {
    byId("comparison").hidden = !structures;
    byId("comparison").tBodies[0].replaceChildren(...(structures ?? []).map(({ name, dice, hd95 }) =>
        element("tr", {}, element("th", { scope: "row", textContent: name }),
            element("td", { className: "number", textContent: figure(dice, 4) }), element("td", { className: "number", textContent: figure(hd95, 2, "mm") }))));
}

async function compare(file) {
    const button = byId("choose-reference");
    button.disabled = true;
    dismissReport();
    try {
        showComparison(await api.compare(open.job.id, file.name, file, { signal: open.stop.signal }));
    } catch (error) {
        showComparison(null);
        report(error);
    } finally {
        button.disabled = false;
    }
}

function offerFormats(fromDICOM) {
    byId("format").replaceChildren(...formats.filter(([key]) => fromDICOM || !["dicom-seg", "rtstruct"].includes(key))
        .map(([value, textContent]) => element("option", { value, textContent })));
}

async function download() {
    const [format, , ending] = formats.find(([key]) => key === byId("format").value);
    const name = names.get(open.job.scan)?.replace(/\.(nii|nii\.gz|nrrd|mha|mhd|zip|dcm)$/i, "");
    byId("download").disabled = true;
    try {
        // A plain link could not send the token.
        const address = URL.createObjectURL(await api.result(open.job.id, format, open.stop.signal));
        element("a", { href: address, download: `${name ? `${name}_` : ""}mask.${ending}` }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
        report(error);
    } finally {
        byId("download").disabled = false;
    }
}

function showLocation({ millimeters, intensity, label }) {
    const places = millimeters.map((value, axis) => `${value < 0 ? "LPI"[axis] : "RAS"[axis]} ${Math.abs(value).toFixed(1)}`);
    const name = open?.structures.find(({ value }) => value === label)?.name;
    byId("location").textContent = `${places.join("  ")} mm · intensity ${+Number(intensity).toPrecision(4)}${name ? ` · ${name}` : ""}`;
}

const rounded = (value) => +value.toPrecision(4);

function showWindow([low, high]) {
    byId("window").value = rounded(high - low);
    byId("level").value = rounded((high + low) / 2);
}

function offerPresets() {
    const { robust, whole } = viewer.usualRanges;
    const names = ["Automatic", "Whole range"];
    // Air in Hounsfield units; nothing else goes down there.
    if (whole[0] <= -500) names.push(...Object.keys(presets));
    byId("preset").replaceChildren(...names.map((name) => element("option", { textContent: name })));
    byId("preset").onchange = () => {
        const [width, center] = presets[byId("preset").value] ?? [];
        viewer.range = width ? [center - width / 2, center + width / 2] : byId("preset").value === "Automatic" ? robust : whole;
        showWindow(viewer.range);
    };
}

function setWindow() {
    const [width, center] = ["window", "level"].map((id) => byId(id).valueAsNumber);
    if (width > 0 && Number.isFinite(center)) viewer.range = [center - width / 2, center + width / 2];
}

export function setUp() {
    byId("cancel").onclick = () => api.removeJob(open.job.id).catch(report);
    byId("opacity").oninput = (event) => viewer.setOpacity(event.target.valueAsNumber);
    byId("window").onchange = setWindow;
    byId("level").onchange = setWindow;
    byId("radiological").onchange = (event) => viewer.setRadiological(event.target.checked);
    byId("views").onchange = (event) => viewer.setView(Number(event.target.value));
    byId("show-all").onchange = (event) => {
        for (const box of structureBoxes()) box.checked = event.target.checked;
        toggle(structureBoxes());
    };
    byId("choose-reference").onclick = () => byId("reference").click();
    byId("reference").onchange = () => {
        const [file] = byId("reference").files;
        byId("reference").value = "";
        if (file) compare(file);
    };
    byId("download").onclick = download;
    byId("viewer").addEventListener("keydown", chooseView, true);
}

/** 1 to 5 choose a view, in the order of the buttons. */
function chooseView(event) {
    const button = document.querySelectorAll("#views input")[Number(event.key) - 1];
    if (button && !button.checked) button.click();
}
