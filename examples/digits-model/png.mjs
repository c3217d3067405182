/** Reads a grey PNG picture: 8 bits a pixel, not interlaced. All that the digits need, and no library for it. */
import { inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Width, height and the grey values row by row, 0 to 255. */
export function readGreyPng(bytes) {
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG picture');
  const chunks = [...readChunks(bytes)];
  const header = chunks.find((chunk) => chunk.kind === 'IHDR')?.body;
  if (!header) throw new Error('a PNG picture without a header');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header[8] !== 8 || header[9] !== 0 || header[12] !== 0) throw new Error('not an 8-bit grey picture');
  const packed = Buffer.concat(chunks.filter((chunk) => chunk.kind === 'IDAT').map((chunk) => chunk.body));
  const rows = inflateSync(packed, { maxOutputLength: (width + 1) * height });
  return { width, height, grey: unfilter(rows, width, height) };
}

function* readChunks(bytes) {
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    yield { kind: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

/** Undoes the filter that each row names in its first byte (PNG specification, section 9). */
function unfilter(rows, width, height) {
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (width + 1)];
    for (let x = 0; x < width; x += 1) {
      const left = x > 0 ? grey[y * width + x - 1] : 0;
      const up = y > 0 ? grey[(y - 1) * width + x] : 0;
      const upLeft = x > 0 && y > 0 ? grey[(y - 1) * width + x - 1] : 0;
      grey[y * width + x] = rows[y * (width + 1) + 1 + x] + predict(filter, left, up, upLeft);
    }
  }
  return grey;
}

function predict(filter, left, up, upLeft) {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) throw new Error(`an unknown PNG filter, ${filter}`);
  const [toLeft, toUp, toUpLeft] = [up - upLeft, left - upLeft, left + up - 2 * upLeft].map(Math.abs);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}
