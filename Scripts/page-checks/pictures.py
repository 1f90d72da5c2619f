"""Screenshots as pixels, and what slices of a scan with its mask must look like."""
import struct
import zlib


class Picture:
    """A PNG of 8 bits a channel; `picture[x, y]` is (red, green, blue)."""

    def __init__(self, data):
        parts, at = [], 8
        while at < len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            body = data[at + 8 : at + 8 + length]
            if kind == b"IHDR":
                self.width, self.height, depth, color = struct.unpack_from(">IIBB", body)
                assert depth == 8 and color in (2, 6), "not a screenshot"
                self.channels = 3 if color == 2 else 4
            elif kind == b"IDAT":
                parts.append(body)
            at += length + 12
        raw, step = zlib.decompress(b"".join(parts)), self.width * self.channels
        self.rows, before = [], bytes(step)
        for y in range(self.height):
            start = y * (step + 1)
            before = unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + step]), before, self.channels)
            self.rows.append(before)

    def __getitem__(self, place):
        x, y = place
        return tuple(self.rows[y][x * self.channels : x * self.channels + 3])


def unfilter(kind, row, above, step):
    if kind == 2:
        # Nearly all rows of a screenshot. All bytes at once, as one long number, without carries between them.
        low, high = (int.from_bytes(bytes([bits]) * len(row), "big") for bits in (0x7F, 0x80))
        a, b = int.from_bytes(row, "big"), int.from_bytes(above, "big")
        return bytearray((((a & low) + (b & low)) ^ ((a ^ b) & high)).to_bytes(len(row), "big"))
    if kind:
        for i in range(len(row)):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            match kind:
                case 1:
                    guess = left
                case 3:
                    guess = (left + above[i]) // 2
                case 4:
                    guess = min((left, above[i], corner), key=lambda p: abs(left + above[i] - corner - p))
            row[i] = (row[i] + guess) & 255
    return row


# The axes of the patient (right, front, top) that run to the right and up in each plane, and the one that goes through it.
PLANES = {0: (0, 1, 2), 1: (0, 2, 1), 2: (1, 2, 0)}
NAMES = {0: "axial", 1: "coronal", 2: "sagittal"}


class Overlay:
    """The colors of a slice as they must appear: gray between black (low) and white (high), the mask's colors over it with some opacity."""

    def __init__(self, scan, mask, low, high, opacity, colors, radiological=True):
        """`scan` and `mask` as volumes.upright gives them; `colors`: {value: (red, green, blue)} of the structures that are on."""
        (self.size, self.spacing, scan), (_, _, mask) = scan, mask
        self.radiological = radiological
        self.opacity = opacity

        def gray(*index):
            return min(255, max(0, round(255 * (scan(*index) - low) / (high - low))))

        def over(*index):
            color = colors.get(mask(*index))
            return (*color, 1) if color else (0, 0, 0, 0)

        self.gray, self.over = gray, over

    def ratio(self, plane):
        right, up, _ = PLANES[plane]
        return self.size[right] * self.spacing[right] / (self.size[up] * self.spacing[up])

    def samples(self, plane, rectangle, crosshair):
        """(x, y, color) of the pixel nearest to the middle of each voxel, except below the crosshair's lines and the letters at the top and at the left."""
        right, up, through = PLANES[plane]
        left, top, width, height = rectangle
        columns, rows = self.size[right], self.size[up]
        for row in range(rows):
            for column in range(columns):
                x, y = int(left + (column + 0.5) / columns * width), int(top + (row + 0.5) / rows * height)
                if (abs(x - left - width / 2) < 24 and y - top < 28) or (abs(y - top - height / 2) < 24 and x - left < 28):
                    continue
                # Where the middle of that pixel lies, in voxels.
                h, v = (x + 0.5 - left) / width * columns - 0.5, (rows - 1) - ((y + 0.5 - top) / height * rows - 0.5)
                if self.radiological and right == 0:
                    h = columns - 1 - h
                if abs(h - crosshair[right]) > 0.7 and abs(v - crosshair[up]) > 0.7:
                    yield x, y, self.color(h, v, right, up, through, crosshair)

    def color(self, h, v, right, up, through, crosshair):
        """Gray and mask between the four voxels around, each interpolated by itself as graphics hardware does it."""
        gray, red, green, blue, alpha = 0, 0, 0, 0, 0
        for i, share_h in ((int(h // 1), 1 - h % 1), (int(h // 1) + 1, h % 1)):
            for j, share_v in ((int(v // 1), 1 - v % 1), (int(v // 1) + 1, v % 1)):
                index = [0, 0, 0]
                index[right] = min(max(i, 0), self.size[right] - 1)
                index[up] = min(max(j, 0), self.size[up] - 1)
                index[through] = crosshair[through]
                share = share_h * share_v
                gray += share * self.gray(*index)
                r, g, b, a = self.over(*index)
                red, green, blue, alpha = red + share * r, green + share * g, blue + share * b, alpha + share * a
        alpha *= self.opacity
        return tuple(round(gray * (1 - alpha) + part * alpha) for part in (red, green, blue))
