// The list of recent jobs.

import * as api from "./api.js";
import { byId, element, report } from "./dom.js";
import { names } from "./upload.js";

const pause = 10_000;
const words = { queued: "waiting", running: "running", done: "done", failed: "failed", canceled: "canceled" };
let titles = new Map();
let current = null;

export function setTitles(models) {
    titles = new Map(models.map(({ name, title }) => [name, title || name]));
}

export const title = (job) => titles.get(job.model) ?? job.model;

/** Marks the job that is open. */
export function setCurrent(id) {
    current = id;
    for (const item of byId("jobs").children) mark(item);
}

function mark(item) {
    if (item.dataset.id === current) item.firstElementChild.setAttribute("aria-current", "true");
    else item.firstElementChild.removeAttribute("aria-current");
}

function entry(job) {
    const time = new Date(job.created);
    const name = names.get(job.scan);
    const what = `${title(job)}${name ? `, ${name}` : ""}`;
    const link = element("a", { href: `#job=${job.id}` }, element("span", { className: "name", textContent: what }));
    const percent = job.state === "running" ? ` ${Math.floor(100 * job.progress)} %` : "";
    const when = element("time", { dateTime: job.created, textContent: time.toLocaleString([], { dateStyle: "short", timeStyle: "short" }) });
    const state = element("span", { className: `state ${job.state}`, textContent: words[job.state] + percent });
    const verb = api.isFinal(job) ? "Delete" : "Cancel";
    const remove = element("button", { type: "button", textContent: verb, "aria-label": `${verb} ${what} of ${when.textContent}`, onclick: () => discard(job) });
    const item = element("li", {}, link, element("span", { className: "note" }, when, " · ", state), remove);
    item.dataset.id = job.id;
    mark(item);
    return item;
}

async function discard(job) {
    if (job.state === "done" && !confirm("Delete this result from the server?")) return;
    try {
        await api.removeJob(job.id);
        if (api.isFinal(job) && job.id === current) location.hash = "";
    } catch (error) {
        report(error);
    }
    await refresh();
}

export async function refresh() {
    try {
        const list = await api.jobs();
        const focused = byId("jobs").contains(document.activeElement) ? [document.activeElement.closest("li").dataset.id, document.activeElement.tagName] : null;
        byId("jobs").replaceChildren(...list.map(entry));
        byId("no-jobs").hidden = list.length > 0;
        // The list was made anew: whoever was in it with the keyboard still is.
        if (focused) byId("jobs").querySelector(`[data-id="${focused[0]}"] ${focused[1]}`)?.focus();
    } catch (error) {
        report(error);
    }
}

/** Looks again now and then while the page is seen: others may work on the same server. */
export function watch() {
    setInterval(() => document.hidden || byId("token-dialog").open || refresh(), pause);
}
