// The form: scans to upload, the model, its channels and options.

import * as api from "./api.js";
import { byId, dismissReport, element, report } from "./dom.js";
import * as files from "./files.js";
import { zip } from "./zip.js";

let models = [];
let uploads = []; // { name, item, stop, id?, used? }
let most = Infinity; // bytes that the server takes

/** Names of scans as the user knows them. They stay in this tab: the server is told none. */
export const names = {
    get: (id) => sessionStorage.getItem(`name.${id}`),
    set: (id, name) => sessionStorage.setItem(`name.${id}`, name),
};

const readiness = { warm: "loaded", loading: "loading" };

/** Shows what the server has; `limits` as it states them. */
export function showModels(list, limits) {
    models = list;
    most = limits.uploadBytes;
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
        ? [`${labels.length} structure${labels.length === 1 ? "" : "s"}`, architecture, `${[...spacing].reverse().map((mm) => +mm.toFixed(2)).join(" × ")} mm`, license, readiness[state]]
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

/** Lists the uploaded scans in each channel. The newest ones are taken; if there are too few, the newest is meant to hold all channels. */
function offerScans() {
    const ready = uploads.filter(({ id }) => id);
    const selects = channelSelects();
    const newest = ready.slice(-selects.length);
    const taken = newest.length < selects.length ? newest.slice(-1) : newest;
    selects.forEach((select, at) => {
        const inFirst = at ? [element("option", { value: "", textContent: "in the first scan" })] : [];
        select.replaceChildren(...inFirst, ...ready.map(({ id, name }) => element("option", { value: id, textContent: name })));
        select.value = taken[at]?.id ?? "";
    });
    byId("channels").hidden = ready.length <= 1 && selects.length === 1; // nothing to choose from
    allowStart();
}

const wantedBoxes = () => [...byId("wanted").querySelectorAll("input")];

/** The scans to segment: one for each channel, or one that holds them all. */
const chosenScans = () => channelSelects().map(({ value }) => value).filter(Boolean);

function allowStart() {
    const { length } = chosenScans();
    const complete = channelSelects()[0]?.value && [1, channelSelects().length].includes(length);
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
    const packed = entries.length > 1;
    const watched = { signal: stop.signal, onProgress: (share) => (bar.value = share) };
    try {
        if (packed) state.textContent = `Packing ${entries.length} files`;
        const file = packed ? await zip(entries, watched) : entries[0].file;
        if (file.size > most) throw new Error(`The scan has ${gigabytes(file.size)}; the server takes ${gigabytes(most)} at most.`);
        state.textContent = "Uploading";
        const description = await send(one, packed ? "study.zip" : name, file, watched);
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

const gigabytes = (bytes) => `${(bytes / 2 ** 30).toFixed(2)} GB`;

/** Uploads a file; where the server finds several series in it, again with the one that the user names. */
async function send(one, name, file, watched) {
    for (let series = ""; ; ) {
        try {
            return await api.addScan(name, file, series, watched);
        } catch (error) {
            if (error.field !== "series") throw error;
            series = await askForSeries(one, error.message, watched.signal);
        }
    }
}

/** Asks below an upload which series is meant, with the server's sentence, which lists them. */
function askForSeries({ item, name }, sentence, signal) {
    const input = element("input", { type: "text" });
    const question = element("div", { className: "question", role: "group", "aria-label": `Series of ${name}` },
        element("p", { className: "note", role: "alert", textContent: sentence }),
        element("label", { className: "field" }, "Series ", input), element("button", { type: "button", textContent: "Take this series" }));
    item.append(question);
    return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        const answer = (event) => {
            if (event.key && event.key !== "Enter") return;
            event.preventDefault(); // Enter must not start a job
            if (!input.value.trim()) return;
            question.remove();
            resolve(input.value.trim());
        };
        input.onkeydown = answer;
        question.lastElementChild.onclick = answer;
        input.focus();
    });
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
        const scans = chosenScans();
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
