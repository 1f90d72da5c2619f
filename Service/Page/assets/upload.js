// The form: scans to upload, the model, its channels and options.

import * as api from "./api.js";
import { byId, dismissReport, element, report } from "./dom.js";
import * as files from "./files.js";
import { zip } from "./zip.js";

let models = [];
let uploads = []; // { name, item, stop, id?, used? }

/** Names of scans as the user knows them. They stay in this tab: the server is told none. */
export const names = {
    get: (id) => sessionStorage.getItem(`name.${id}`),
    set: (id, name) => sessionStorage.setItem(`name.${id}`, name),
};

export function showModels(list) {
    models = list;
    const select = byId("model");
    const before = select.value;
    select.replaceChildren(...models.map(({ name, title }) => element("option", { value: name, textContent: title || name })));
    if (models.some(({ name }) => name === before)) select.value = before;
    showModel();
}

const model = () => models.find(({ name }) => name === byId("model").value);

function showModel() {
    const { architecture, spacing, labels, license, state, channels } = model() ?? { channels: [], labels: [] };
    byId("model-facts").textContent = model()
        ? [`${labels.length} structure${labels.length === 1 ? "" : "s"}`, architecture, `${[...spacing].reverse().map((mm) => +mm.toFixed(2)).join(" × ")} mm`, license, state]
              .filter(Boolean).join(" · ")
        : "This server has no models.";
    byId("channels").replaceChildren(...channels.map(({ name }, at) =>
        element("label", { className: "field" }, channels.length === 1 ? "Scan " : `Channel ${name} `, element("select", { id: `channel-${at}`, onchange: allowStart }))));
    const legend = element("legend", { textContent: "Structures" });
    byId("wanted").replaceChildren(legend, ...labels.map(({ name }) =>
        element("label", { className: "check" }, element("input", { type: "checkbox", value: name, checked: true, onchange: allowStart }), ` ${name}`)));
    offerScans();
}

const channelSelects = () => [...byId("channels").querySelectorAll("select")];

/** Lists the uploaded scans in each channel; the newest ones are taken, in the order of their names. */
function offerScans() {
    const ready = uploads.filter(({ id }) => id);
    const selects = channelSelects();
    const newest = ready.slice(-selects.length);
    selects.forEach((select, at) => {
        select.replaceChildren(...ready.map(({ id, name }) => element("option", { value: id, textContent: name })));
        select.value = newest[at]?.id ?? "";
    });
    byId("channels").hidden = ready.length <= 1 && selects.length === 1; // nothing to choose from
    allowStart();
}

const wantedBoxes = () => [...byId("wanted").querySelectorAll("input")];

function allowStart() {
    const complete = model() && channelSelects().every(({ value }) => value);
    byId("start").disabled = !complete || !wantedBoxes().some(({ checked }) => checked);
}

async function add(scans) {
    dismissReport();
    if (!scans.length) report(new Error("Nothing was found there that could be a scan."));
    await Promise.all(scans.map(upload));
}

async function upload({ name, entries }) {
    const stop = new AbortController();
    const state = element("span", { className: "note", role: "status" });
    const bar = element("progress", { max: 1, value: 0, "aria-label": `Upload of ${name}` });
    const remove = element("button", { type: "button", className: "quiet", textContent: "✕", "aria-label": `Remove ${name}`, onclick: () => forget(one) });
    const one = { name, stop, item: element("li", {}, element("span", { className: "name", textContent: name }), remove, state, bar) };
    uploads.push(one);
    byId("uploads").append(one.item);
    try {
        let file = entries[0].file;
        if (entries.length > 1) {
            state.textContent = `Packing ${entries.length} files`;
            file = await zip(entries, { signal: stop.signal, onProgress: (share) => (bar.value = share) });
        }
        state.textContent = "Uploading";
        const description = await api.addScan(entries.length > 1 ? "study.zip" : name, file, { signal: stop.signal, onProgress: (share) => (bar.value = share) });
        one.id = description.id;
        names.set(one.id, name);
        state.textContent = facts(description);
        bar.remove();
        offerScans();
    } catch (error) {
        forget(one);
        report(error);
    }
}

const facts = ({ format, size, spacing }) =>
    `${format} · ${size.join(" × ")} voxels · ${spacing.map((mm) => +mm.toFixed(2)).join(" × ")} mm`;

function forget(one) {
    one.stop.abort();
    one.item.remove();
    uploads = uploads.filter((other) => other !== one);
    // What a job has used is shown under its mask; the server removes it in time.
    if (one.id && !one.used) api.removeScan(one.id).catch(report);
    offerScans();
}

/** Makes a job of what the form says. */
async function submit(event, onJob) {
    event.preventDefault();
    dismissReport();
    const start = byId("start");
    start.disabled = true;
    try {
        const scans = channelSelects().map(({ value }) => value);
        const options = {};
        if (!byId("mirroring").checked) options.mirroring = false;
        if (byId("precision").value !== "auto") options.precision = byId("precision").value;
        const boxes = wantedBoxes();
        if (boxes.some(({ checked }) => !checked)) options.structures = boxes.filter(({ checked }) => checked).map(({ value }) => value);
        const job = await api.createJob({ model: model().name, ...(scans.length === 1 ? { scan: scans[0] } : { scans }), options });
        for (const one of uploads) one.used ||= scans.includes(one.id);
        onJob(job);
    } catch (error) {
        report(error);
    } finally {
        allowStart();
    }
}

/** `onJob` gets each job that the user starts. */
export function setUp({ onJob }) {
    byId("model").onchange = showModel;
    byId("new-job").onsubmit = (event) => submit(event, onJob);
    for (const [button, input] of [["choose-files", "files"], ["choose-folder", "folder"]]) {
        byId(button).onclick = () => byId(input).click();
        byId(input).onchange = () => {
            add(files.chosen(byId(input).files));
            byId(input).value = "";
        };
    }
    // A drop anywhere is meant for the form: a file that misses it must not replace the page.
    const mark = (on) => byId("drop").classList.toggle("over", on);
    addEventListener("dragover", (event) => {
        event.preventDefault();
        mark(true);
    });
    addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
    addEventListener("drop", (event) => {
        event.preventDefault();
        mark(false);
        files.dropped(event.dataTransfer).then(add).catch(report);
    });
}
