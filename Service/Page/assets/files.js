// What a user drops or chooses, as scans: each is { name, entries: [{ path, file }] }. Several entries are sent as one zip.

const oneScan = /\.(nii|nii\.gz|nrrd|mha|mhd|zip)$/i;

/** The scans in a drop. Must be called while the drop is handled, as its items are gone afterwards. */
export function dropped(transfer) {
    const items = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    return Promise.all(items.map(contents)).then((found) => scans(found.flat()));
}

/** The scans among chosen files, or the one in a chosen folder. */
export const chosen = (list) => scans([...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })));

async function contents(entry) {
    if (entry.isFile) {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        return [{ path: entry.fullPath.replace(/^\//, ""), file }];
    }
    const reader = entry.createReader();
    const found = [];
    for (;;) {
        // A browser hands out about a hundred at a time.
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) return found;
        for (const one of some) found.push(...(await contents(one)));
    }
}

function scans(entries) {
    const visible = entries.filter(({ path, file }) => file.size > 0 && !path.split("/").some((part) => part.startsWith(".")));
    const single = visible.filter(({ path }) => oneScan.test(path));
    const loose = visible.filter(({ path }) => !oneScan.test(path));
    const found = single.map((entry) => ({ name: entry.file.name, entries: [entry] }));
    // Files without a known ending are DICOM: those of one folder, or of one drop, belong together.
    const folders = Map.groupBy(loose, ({ path }) => (path.includes("/") ? path.split("/")[0] : ""));
    for (const [folder, members] of folders) found.push({ name: folder || members[0].file.name, entries: members });
    return found.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}
