// Scan and mask in NiiVue.

/** What NiiVue calls its views. */
export const View = { axial: 0, coronal: 1, sagittal: 2, all: 3, render: 4 };

const windowing = 9; // NiiVue's name for "drag to change window and level"
const crosshair = 8;

const settings = {
    logLevel: "error",
    loadingText: "",
    dragAndDropEnabled: false, // files dropped anywhere are new scans
    isRadiologicalConvention: true,
    multiplanarShowRender: 1, // always
    multiplanarLayout: 2, // a grid of two by two
    multiplanarPadPixels: 6,
    isForceMouseClickToVoxelCenters: true, // the slices that are shown are those of the scan, not between two
    crosshairWidthUnit: "percent",
    crosshairWidth: 0.6,
    mouseEventConfig: { leftButton: { primary: crosshair }, rightButton: windowing, centerButton: windowing },
    crosshairColor: [0.35, 0.85, 0.45, 0.8],
    fontColor: [1, 0.45, 0.1, 1], // for the letters at the edges: no gray of a scan hides it
    backColor: [0, 0, 0, 1],
};

export class Viewer {
    #canvas;
    #niivue = null;
    #structures = [];
    #hidden = new Set();
    #opacity = 0.5;
    #before = Promise.resolve();

    /** `onLocation` gets { millimeters, intensity, label } of the crosshair, `onWindow` the window that the user dragged. */
    constructor(canvas, { onLocation, onWindow }) {
        this.#canvas = canvas;
        this.onLocation = onLocation;
        this.onWindow = onWindow;
        // NiiVue has keys of its own that nothing on the page explains; these come first.
        canvas.parentElement.addEventListener("keydown", (event) => this.#key(event), true);
        canvas.parentElement.addEventListener("keyup", (event) => event.stopPropagation(), true);
    }

    /** Shows a scan and its mask, both NIfTI blobs; `structures` as the server's statistics list them. One after the other: NiiVue would mix them up. */
    show(scan, mask, structures, signal) {
        const shown = this.#before.then(() => signal.aborted || this.#load(scan, mask, structures));
        this.#before = shown.catch(() => {});
        return shown;
    }

    async #load(scan, mask, structures) {
        const niivue = await this.#start();
        this.#structures = structures;
        this.#hidden.clear();
        const [scanAddress, maskAddress] = [scan, mask].map((blob) => URL.createObjectURL(blob));
        try {
            await niivue.loadVolumes([
                { url: scanAddress, name: "scan.nii.gz", colormap: "gray" },
                { url: maskAddress, name: "mask.nii.gz", opacity: 0 },
            ]);
        } finally {
            URL.revokeObjectURL(scanAddress);
            URL.revokeObjectURL(maskAddress);
        }
        this.#color();
        this.setOpacity(this.#opacity);
        const first = structures.find(({ center }) => center);
        if (first) this.jump(first.center);
    }

    /** NiiVue is large, so it is loaded when there is something to see. */
    async #start() {
        if (this.#niivue) return this.#niivue;
        if (!document.createElement("canvas").getContext("webgl2")) throw new Error("this browser has no WebGL 2.");
        const { Niivue } = await import("./niivue.js");
        const niivue = new Niivue(settings);
        niivue.onLocationChange = ({ mm, values }) =>
            this.onLocation({ millimeters: [...mm].slice(0, 3), intensity: values[0]?.value, label: Math.round(values[1]?.value ?? 0) });
        niivue.onIntensityChange = () => this.onWindow(this.range);
        await niivue.attachToCanvas(this.#canvas);
        this.#niivue = niivue;
        return niivue;
    }

    /** Gives the mask the structures' colors; those switched off become transparent. */
    #color() {
        const table = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: ["background"] };
        for (const { value, name, color } of this.#structures) {
            const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
            table.R.push(red);
            table.G.push(green);
            table.B.push(blue);
            table.A.push(this.#hidden.has(value) ? 0 : 255);
            table.I.push(value);
            table.labels.push(name);
        }
        this.#niivue.volumes[1].setColormapLabel(table);
        this.#niivue.updateGLVolume();
    }

    setVisible(values, visible) {
        for (const value of values) visible ? this.#hidden.delete(value) : this.#hidden.add(value);
        this.#color();
    }

    setOpacity(opacity) {
        this.#opacity = opacity;
        if (this.#niivue?.volumes.length > 1) this.#niivue.setOpacity(1, opacity);
    }

    setView(view) {
        this.#niivue?.setSliceType(view);
    }

    get view() {
        return this.#niivue?.opts.sliceType ?? View.all;
    }

    setRadiological(on) {
        this.#niivue?.setRadiologicalConvention(on);
    }

    /** Intensities of the scan that are shown black and white, as [low, high]. */
    get range() {
        const { cal_min: low, cal_max: high } = this.#niivue.volumes[0];
        return [low, high];
    }

    set range([low, high]) {
        Object.assign(this.#niivue.volumes[0], { cal_min: low, cal_max: high });
        this.#niivue.updateGLVolume();
    }

    /** The range that leaves out the darkest and brightest 2 %, and the one of all intensities. */
    get usualRanges() {
        const { robust_min, robust_max, global_min, global_max } = this.#niivue.volumes[0];
        return { robust: [robust_min, robust_max], whole: [global_min, global_max] };
    }

    /** Where the slices are drawn: { plane, rectangle: [left, top, width, height] } in pixels of the canvas. */
    get tiles() {
        return this.#niivue.screenSlices.map(({ axCorSag: plane, leftTopWidthHeight: rectangle }) => ({ plane, rectangle: [...rectangle] }));
    }

    /** Puts the crosshair on the voxel nearest to an index in the scan's own order of axes. */
    jump(index) {
        const niivue = this.#niivue;
        const { affine } = niivue.volumes[0].hdr;
        const voxel = index.map(Math.round);
        const millimeters = [0, 1, 2].map((row) => affine[row][3] + voxel.reduce((sum, i, axis) => sum + affine[row][axis] * i, 0));
        niivue.scene.crosshairPos = niivue.mm2frac(millimeters, 0, true);
        niivue.createOnLocationChange();
        niivue.drawScene();
    }

    #key(event) {
        if (event.altKey || event.ctrlKey || event.metaKey || event.key === "Tab") return;
        event.stopPropagation();
        const step = steps[event.key];
        if (!step || !this.#niivue?.volumes.length) return;
        event.preventDefault();
        if (this.view === View.render) {
            const { renderAzimuth, renderElevation } = this.#niivue.scene;
            this.#niivue.setRenderAzimuthElevation(renderAzimuth - 5 * step[0], renderElevation - 5 * step[1]);
            return;
        }
        // Right, up and toward the reader, in the plane that is shown, as axes of the patient (right, front, top).
        const { isRadiologicalConvention, sagittalNoseLeft } = this.#niivue.opts;
        const [right, up, through] = this.view === View.coronal ? [0, 2, 1] : this.view === View.sagittal ? [1, 2, 0] : [0, 1, 2];
        const mirrored = this.view === View.sagittal ? sagittalNoseLeft : isRadiologicalConvention;
        const move = [0, 0, 0];
        move[right] += mirrored ? -step[0] : step[0];
        move[up] += step[1];
        move[through] += step[2];
        this.#niivue.moveCrosshairInVox(...move);
    }
}

const steps = {
    ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowDown: [0, -1, 0], ArrowUp: [0, 1, 0], PageDown: [0, 0, -1], PageUp: [0, 0, 1],
};
