// A zip archive without compression, so that a folder can be sent as one file.

const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
});

/** The CRC-32 of a file, read in parts. */
async function checksum(file) {
    let crc = ~0;
    const reader = file.stream().getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return ~crc >>> 0;
        for (const byte of value) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
    }
}

/** Bytes of little-endian numbers, given as [bytes of each, value]. */
function bytes(...fields) {
    const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
    let at = 0;
    for (const [size, value] of fields) {
        if (size === 2) view.setUint16(at, value, true);
        else view.setUint32(at, value, true);
        at += size;
    }
    return view.buffer;
}

const date = 0x21; // January 1, 1980, the first that a zip can hold: nobody needs the real one
const utf8Names = 0x800;
const version = 20;

/**
 * Packs files: `entries` are { path, file }. The contents are not held in memory.
 * Refuses, with one sentence, more than 65,535 files or 4 GB, which the plain format cannot hold.
 */
export async function zip(entries, { onProgress = () => {}, signal } = {}) {
    const total = entries.reduce((sum, { file }) => sum + file.size + 512, 0);
    if (entries.length > 0xfffe || total > 0xfffffffe) {
        throw new Error("A folder is sent as a zip of at most 65,534 files and 4 GB; this one is larger. Choose the folder of one series.");
    }
    const parts = [];
    const directory = [];
    let offset = 0;
    for (const [index, { path, file }] of entries.entries()) {
        signal?.throwIfAborted();
        const name = new TextEncoder().encode(path);
        const common = [[2, version], [2, utf8Names], [2, 0], [2, 0], [2, date], [4, await checksum(file)], [4, file.size], [4, file.size], [2, name.length], [2, 0]];
        const header = bytes([4, 0x04034b50], ...common);
        parts.push(header, name, file);
        directory.push(bytes([4, 0x02014b50], [2, version], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
        offset += header.byteLength + name.length + file.size;
        onProgress((index + 1) / entries.length);
    }
    const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
    const end = bytes([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, size], [4, offset], [2, 0]);
    return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
