// The server's API, /v1. All addresses are relative, so the page works below any path.

/** A failure in the words of the server. `status` is 0 where no answer came. */
export class ApiError extends Error {
    constructor(status, { reason, code = "", field = null, id }) {
        super(id ? `${reason} (The server's log has it as ${id}.)` : reason);
        this.name = "ApiError";
        Object.assign(this, { status, code, field });
    }
}

const unreachable = () => new ApiError(0, { code: "unreachable", reason: "The server does not answer. Is it still running?" });

/** The token, kept as long as this tab is open and sent in a header only. */
export const token = {
    get: () => sessionStorage.getItem("token") ?? "",
    set: (value) => (value ? sessionStorage.setItem("token", value) : sessionStorage.removeItem("token")),
};

const authorization = () => (token.get() ? { Authorization: `Bearer ${token.get()}` } : {});

/** The failure that an answer's body describes. */
function failure(status, text) {
    try {
        const { error } = JSON.parse(text);
        if (error.reason) return new ApiError(status, error);
    } catch {
        // Not the server's own words, then: a proxy in between, say.
    }
    return new ApiError(status, { reason: `The server answered with status ${status} and said no more.` });
}

async function request(method, path, { body, headers = {}, signal } = {}) {
    let response;
    try {
        response = await fetch(path, { method, body, signal, headers: { ...headers, ...authorization() }, cache: "no-store", credentials: "omit" });
    } catch (error) {
        throw error.name === "AbortError" ? error : unreachable();
    }
    if (!response.ok) throw failure(response.status, await response.text());
    return response;
}

/** The answer's body as JSON. Not the server's own where it cannot be read: a proxy's page, say. */
function parsed(status, text) {
    try {
        return JSON.parse(text);
    } catch {
        throw new ApiError(status, { reason: `The answer, with status ${status}, is not the server's own. Is something between it and this page?` });
    }
}

async function json(...all) {
    const response = await request(...all);
    return parsed(response.status, await response.text());
}

export const information = () => json("GET", "v1/info");
export const models = async () => (await json("GET", "v1/models")).models;
export const scan = (id, signal) => json("GET", `v1/scans/${id}`, { signal });
export const scanImage = async (id, signal) => (await request("GET", `v1/scans/${id}/image`, { signal })).blob();
export const removeScan = (id) => request("DELETE", `v1/scans/${id}`);
export const jobs = async () => (await json("GET", "v1/jobs?limit=20")).jobs;
export const job = (id, signal) => json("GET", `v1/jobs/${id}`, { signal });
export const removeJob = (id) => request("DELETE", `v1/jobs/${id}`);
export const result = async (id, format, signal) => (await request("GET", `v1/jobs/${id}/result?format=${format}`, { signal })).blob();
export const statistics = async (id, signal) => (await json("GET", `v1/jobs/${id}/statistics`, { signal })).structures;

export const createJob = (wish) =>
    json("POST", "v1/jobs", { body: JSON.stringify(wish), headers: { "Content-Type": "application/json" } });

/** Sends a file. `fetch` does not say how much has gone out, so this is the older interface. */
function send(path, file, { signal, onProgress = () => {} } = {}) {
    return new Promise((resolve, reject) => {
        const call = new XMLHttpRequest();
        call.open("POST", path);
        call.setRequestHeader("Content-Type", "application/octet-stream");
        for (const [name, value] of Object.entries(authorization())) call.setRequestHeader(name, value);
        call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
        call.onload = () => {
            try {
                if (call.status >= 300) throw failure(call.status, call.responseText);
                resolve(parsed(call.status, call.responseText));
            } catch (error) {
                reject(error);
            }
        };
        call.onerror = () => reject(unreachable());
        call.onabort = () => reject(new DOMException("The upload was broken off.", "AbortError"));
        signal?.addEventListener("abort", () => call.abort());
        call.send(file);
    });
}

/**
 * Only the ending of a file's name is sent: the rest may be a patient's name, and addresses end up in logs of proxies.
 * The server recognizes files by their contents.
 */
const anonymous = (stem, name) => encodeURIComponent(stem + (name.match(/(\.nii)?\.[a-z0-9]{1,5}$/i)?.[0] ?? ""));

/** `series`, where it is not empty, says which series of a DICOM study is meant. */
export const addScan = (name, file, series, options) =>
    send(`v1/scans?name=${anonymous("scan", name)}${series && `&series=${encodeURIComponent(series)}`}`, file, options);
export const compare = async (id, name, file, options) =>
    (await send(`v1/jobs/${id}/compare?name=${anonymous("reference", name)}`, file, options)).structures;

export const isFinal = (job) => ["done", "failed", "canceled"].includes(job.state);

const longestSilence = 45_000; // the server sends a comment every 15 s

/**
 * Calls `onJob` with each state of a job until its last, which is returned. Connects again after a break, with growing pauses;
 * `onLost` is called where that fails.
 */
export async function follow(id, { signal, onJob, onLost }) {
    let pause = 250;
    for (;;) {
        try {
            for await (const data of events(`v1/jobs/${id}/events`, signal)) {
                const job = JSON.parse(data);
                pause = 250;
                onJob(job);
                if (isFinal(job)) return job;
            }
        } catch (error) {
            const passes = error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
            if (!passes) throw error;
            onLost();
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
        signal.throwIfAborted();
        pause = Math.min(2 * pause, 15_000);
    }
}

/** The data of each server-sent event, until the stream ends or breaks. Read through `fetch`, as an EventSource cannot send the token in a header. */
async function* events(path, signal) {
    const silence = new AbortController();
    let alarm = setTimeout(() => silence.abort(), longestSilence);
    try {
        const either = AbortSignal.any([signal, silence.signal]);
        const response = await request("GET", path, { headers: { Accept: "text/event-stream" }, signal: either });
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        const broken = { done: true };
        let text = "";
        for (;;) {
            const { done, value } = await reader.read().catch(() => broken);
            if (done) return;
            clearTimeout(alarm);
            alarm = setTimeout(() => silence.abort(), longestSilence);
            text = (text + value).replaceAll("\r\n", "\n");
            const blocks = text.split("\n\n");
            text = blocks.pop();
            for (const block of blocks) {
                const data = block.split("\n").filter((line) => line.startsWith("data:"));
                if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
            }
        }
    } catch (error) {
        if (!silence.signal.aborted || signal.aborted) throw error;
    } finally {
        clearTimeout(alarm);
        silence.abort();
    }
}
