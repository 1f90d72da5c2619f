"""NIfTI files, masks and what is measured on them, in plain Python: small scans only."""
import bisect
import gzip
import itertools
import math
import struct

TYPES = {2: "B", 4: "h", 8: "i", 16: "f", 64: "d", 256: "b", 512: "H", 768: "I"}


class Volume:
    """A scan or a mask: `values` with x fastest, `affine` as three rows from voxel index to millimeters (RAS)."""

    def __init__(self, data):
        self.data = data
        raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        order = "<" if struct.unpack_from("<i", raw)[0] == 348 else ">"
        self.size = struct.unpack_from(order + "8h", raw, 40)[1:4]
        code = TYPES[struct.unpack_from(order + "h", raw, 70)[0]]
        pixdim = struct.unpack_from(order + "8f", raw, 76)
        self.spacing = pixdim[1:4]
        offset, slope, intercept = struct.unpack_from(order + "3f", raw, 108)
        stored = struct.unpack_from(f"{order}{math.prod(self.size)}{code}", raw, int(offset))
        self.values = stored if slope in (0, 1) and intercept == 0 else [v * slope + intercept for v in stored]
        quaternion, surface = struct.unpack_from(order + "2h", raw, 252)
        if surface > 0:
            self.affine = [struct.unpack_from(order + "4f", raw, 280 + 16 * row) for row in range(3)]
        elif quaternion > 0:
            self.affine = from_quaternion(struct.unpack_from(order + "6f", raw, 256), pixdim)
        else:
            self.affine = [[s if column == row else 0 for column in range(3)] + [0] for row, s in enumerate(self.spacing)]

    def __getitem__(self, index):
        x, y, z = index
        return self.values[x + self.size[0] * (y + self.size[1] * z)]

    def indices(self):
        for z, y, x in itertools.product(*(range(n) for n in reversed(self.size))):
            yield x, y, z


def from_quaternion(numbers, pixdim):
    b, c, d, *origin = numbers
    a = math.sqrt(max(0, 1 - b * b - c * c - d * d))
    rotation = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
    sign = -1 if pixdim[0] < 0 else 1
    scale = [pixdim[1], pixdim[2], sign * pixdim[3]]
    return [[r * s for r, s in zip(row, scale)] + [o] for row, o in zip(rotation, origin)]


def turned(volume):
    """The same scan in a NIfTI file whose axes run differently: its i is z, its j is x from the other end, its k is y."""
    raw = bytearray(gzip.decompress(volume.data))
    offset = int(struct.unpack_from("<f", raw, 108)[0])
    code = TYPES[struct.unpack_from("<h", raw, 70)[0]]
    columns, last = [2, 0, 1], volume.size[0] - 1
    struct.pack_into("<3h", raw, 42, *(volume.size[axis] for axis in columns))
    struct.pack_into("<3f", raw, 80, *(volume.spacing[axis] for axis in columns))
    struct.pack_into("<2h", raw, 252, 0, 1)
    for at, row in enumerate(volume.affine):
        struct.pack_into("<4f", raw, 280 + 16 * at, row[2], -row[0], row[1], row[3] + last * row[0])
    values = [volume[last - j, k, i] for k in range(volume.size[1]) for j in range(volume.size[0]) for i in range(volume.size[2])]
    return gzip.compress(bytes(raw[:offset]) + struct.pack(f"<{len(values)}{code}", *values), mtime=0)


def oblique(volume, degrees=15):
    """The same scan as if it had been taken at an angle: turned around the axis from the feet to the head, then around that from left to right."""
    raw = bytearray(gzip.decompress(volume.data))
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = [[c, -s, 0], [c * s, c * c, -s], [s * s, s * c, c]]
    struct.pack_into("<2h", raw, 252, 0, 1)
    for at, row in enumerate(turn):
        struct.pack_into("<4f", raw, 280 + 16 * at, *(sum(row[k] * volume.affine[k][column] for k in range(3)) for column in range(4)))
    return gzip.compress(bytes(raw), mtime=0)


def upright(volume):
    """(size, spacing, value(x, y, z)) with x to the patient's right, y to the front and z up, for axes that run along these directions."""
    axes = [max(range(3), key=lambda column: abs(row[column])) for row in volume.affine]
    size, spacing = [volume.size[axis] for axis in axes], [volume.spacing[axis] for axis in axes]
    forward = [volume.affine[row][axis] > 0 for row, axis in enumerate(axes)]

    def value(*index):
        own = [0, 0, 0]
        for at, axis in enumerate(axes):
            own[axis] = index[at] if forward[at] else size[at] - 1 - index[at]
        return volume[own]

    return size, spacing, value


def extremes(scan):
    """A mask that can be made of any scan: 1 where it is brightest, 2 where it is darkest."""
    ordered = sorted(scan.values)
    bright, dark = ordered[int(0.9 * len(ordered))], ordered[int(0.1 * len(ordered))]
    return with_values(scan, [1 if v > bright else 2 if v < dark else 0 for v in scan.values])


def with_values(volume, values):
    """A NIfTI file (gzip) like `volume`, a mask of 8 bits, with other values."""
    raw = bytearray(gzip.decompress(volume.data))
    offset = int(struct.unpack_from("<f", raw, 108)[0])
    struct.pack_into("<2h", raw, 70, 2, 8)
    return gzip.compress(bytes(raw[:offset]) + bytes(values), mtime=0)


def statistics(mask, labels):
    """What the server says of each structure, from the definition. `labels`: [{value, name, color}]."""
    found = []
    milliliters = math.prod(mask.spacing) / 1000
    for label in labels:
        voxels = [index for index in mask.indices() if mask[index] == label["value"]]
        box = center = None
        if voxels:
            box = [[min(v[axis] for v in voxels) for axis in range(3)], [max(v[axis] for v in voxels) for axis in range(3)]]
            center = [round(sum(v[axis] for v in voxels) / len(voxels), 3) for axis in range(3)]
        found.append(label | {"voxels": len(voxels), "milliliters": len(voxels) * milliliters, "center": center, "boundingBox": box})
    return found


def dice(mask, reference, value):
    a = {i for i, v in enumerate(mask.values) if v == value}
    b = {i for i, v in enumerate(reference.values) if v == value}
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else None


def surface(mask, value):
    """The voxels of a structure that have a neighbor (of six) outside it, in millimeters along the axes."""
    x_size, y_size, z_size = mask.size
    points = []
    for x, y, z in mask.indices():
        if mask[x, y, z] != value:
            continue
        for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            a, b, c = x + dx, y + dy, z + dz
            if not (0 <= a < x_size and 0 <= b < y_size and 0 <= c < z_size) or mask[a, b, c] != value:
                points.append(tuple(i * s for i, s in zip((x, y, z), mask.spacing)))
                break
    return points


def percentile(values, share):
    values = sorted(values)
    at = share * (len(values) - 1)
    low = int(at)
    return values[low] + (at - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def hd95(mask, reference, value):
    """The larger of the two directed 95th percentiles of the distances between surfaces, in millimeters."""
    a, b = surface(mask, value), surface(reference, value)
    if not a or not b:
        return None
    return max(percentile([nearest(p, many) for p in one], 0.95) for one, many in ((a, sorted(b)), (b, sorted(a))))


def nearest(point, others):
    """The distance to the nearest of `others`, which are sorted by their first coordinate."""
    best = math.inf
    start = bisect.bisect_left(others, point)
    for candidates in (range(start, len(others)), range(start - 1, -1, -1)):
        for i in candidates:
            if abs(others[i][0] - point[0]) >= best:
                break
            best = min(best, math.dist(point, others[i]))
    return best
