/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element; `properties` are set on it, those with a hyphen and `role` as attributes. Text is never read as HTML. */
export function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name.includes("-") || name === "role" || name === "scope") made.setAttribute(name, value);
        else made[name] = value;
    }
    made.append(...children);
    return made;
}

/** Seconds in words. */
export function duration(seconds) {
    if (seconds < 1) return "a moment";
    if (seconds < 90) return `${Math.round(seconds)} s`;
    if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
    return `${Math.round(seconds / 3600)} h`;
}

/** A number with `digits` decimals, or a dash where there is none. */
export const figure = (value, digits, unit = "") => (value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit && ` ${unit}`}`);

/** Shows a failure as its sentence. What the user broke off is none. */
export function report(error) {
    if (error.name === "AbortError") return;
    if (error.status === 401) {
        dispatchEvent(new CustomEvent("token-wanted", { detail: error.message }));
        return;
    }
    const alert = byId("alert");
    alert.firstElementChild.textContent = error.message;
    alert.hidden = false;
}

export function dismissReport() {
    byId("alert").hidden = true;
}
