// Starts the page: asks the server what it is and has, for a token if it wants one, and opens the job that the address names.

import * as api from "./api.js";
import { byId, dismissReport, report } from "./dom.js";
import * as jobs from "./jobs.js";
import * as result from "./result.js";
import * as upload from "./upload.js";

async function start() {
    try {
        const [information, models] = await Promise.all([api.information(), api.models()]);
        byId("server").textContent = `${information.version} · ${information.devices.join(", ")}`;
        byId("forget-token").hidden = !information.authentication;
        jobs.setTitles(models);
        upload.showModels(models, information.limits);
        await jobs.refresh();
        openNamedJob();
    } catch (error) {
        report(error);
    }
}

function openNamedJob() {
    const id = location.hash.match(/^#job=([0-9A-Z]{26})$/)?.[1];
    if (id) result.show(id);
    else if (!location.hash || location.hash === "#") result.close();
}

function askForToken({ detail }) {
    const dialog = byId("token-dialog");
    if (dialog.open) return; // another call failed as well; what is being typed stays
    byId("token-problem").textContent = api.token.get() ? detail : "";
    byId("token").value = "";
    dialog.showModal();
}

async function showAbout() {
    byId("about").showModal();
    const license = byId("niivue-license");
    if (!license.textContent) license.textContent = await (await fetch("assets/niivue-license.txt")).text();
}

addEventListener("token-wanted", askForToken);
byId("token-dialog").oncancel = (event) => event.preventDefault(); // nothing works without it
byId("token-dialog").onclose = () => {
    api.token.set(byId("token").value.trim());
    byId("token").value = "";
    dismissReport();
    start();
};
byId("forget-token").onclick = () => {
    api.token.set("");
    location.reload();
};
byId("open-about").onclick = () => showAbout().catch(report);
byId("alert").querySelector("button").onclick = dismissReport;
addEventListener("hashchange", openNamedJob);

upload.setUp({
    onJob(job) {
        location.hash = `job=${job.id}`;
        if (matchMedia("(max-width: 60rem)").matches) byId("result").scrollIntoView();
    },
});
result.setUp();
jobs.watch();
start();
