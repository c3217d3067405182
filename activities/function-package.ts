/** Packages that are functions: made from a folder, told from image archives, and collected again in memory. */
import { inspectImageArchive } from '../containers/archive-structure.ts';
import { decodeFunctionBundle, encodeFunctionBundle, readFunctionHead } from '../crypto/function-bundle.ts';
import { readFunctionFolder } from '../crypto/function-folder.ts';
import { StrongroomError } from '../domain/errors.ts';
import { MANIFEST_VERSION, MAX_TOTAL_BYTES } from '../domain/function-manifest.ts';
import type { ImageDigest, Sha256 } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';

/** What a function's checksum is called where an image has its digest. */
export const digestOfFunction = (checksum: Sha256): ImageDigest => parseImageDigest(`sha256:${checksum}`);

export interface OpenedFunction {
  readonly stream: AsyncIterable<Buffer>;
  readonly imageDigest: ImageDigest;
  readonly size: number;
}

/** The function in `folder` as its bundle. Fails as `readFunctionFolder` does. */
export async function openFunction(folder: string, at: { readonly signal: AbortSignal }): Promise<OpenedFunction> {
  const bundle = await readFunctionFolder(folder, at.signal);
  const bytes = encodeFunctionBundle(bundle);
  return { stream: piecesOf(bytes), imageDigest: digestOfFunction(bundle.checksum), size: bytes.length };
}

const PIECE = 1024 ** 2;

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** After four bytes of length; at this place an image archive has the name of its first file. */
const MARK = Buffer.from(`${MANIFEST_VERSION}\n`);
const MARK_AT = 4;
/** The largest function with the largest manifest. */
const MOST_BYTES = MAX_TOTAL_BYTES + 8 * 1024 ** 2;

/** Checks a package, image or function, and answers its digest. Releases nothing. Fails as the two kinds' own checks. */
export async function inspectPackage(plaintext: AsyncIterable<Buffer>): Promise<ImageDigest> {
  const pieces = plaintext[Symbol.asyncIterator]();
  const beginning: Buffer[] = [];
  let length = 0;
  while (length < MARK_AT + MARK.length) {
    const next = await pieces.next();
    if (next.done === true) break;
    // A copy: the reader may use its own buffer again.
    beginning.push(Buffer.from(next.value));
    length += next.value.length;
  }
  const whole = chain(beginning, pieces);
  const mark = Buffer.concat(beginning).subarray(MARK_AT, MARK_AT + MARK.length);
  if (!mark.equals(MARK)) return (await inspectImageArchive(whole)).imageDigest;
  const bytes = await collect(whole);
  try {
    return digestOfFunction(decodeFunctionBundle(bytes).checksum);
  } finally {
    bytes.fill(0);
  }
}

async function* chain(beginning: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* beginning;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** The bundle in one piece, in memory. With `expected`, fails with `E_DIGEST_MISMATCH` where it is another function. */
export async function collectFunction(plaintext: AsyncIterable<Buffer>, expected?: ImageDigest): Promise<Buffer> {
  const bytes = await collect(plaintext);
  const found = digestOfFunction(readFunctionHead(bytes).checksum);
  if (expected === undefined || found === expected) return bytes;
  throw new StrongroomError(
    'E_DIGEST_MISMATCH',
    'The package holds another function than the one that was registered.',
    {
      why: `It holds ${found}, registered is ${expected}.`,
      next: 'Ask its owner.',
    },
  );
}

async function collect(plaintext: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of plaintext) {
    length += piece.length;
    if (length > MOST_BYTES)
      throw new StrongroomError('E_TOO_LARGE', 'The package is larger than any function may be.');
    // A copy: the reader may use its own buffer again.
    pieces.push(Buffer.from(piece));
  }
  const whole = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  return whole;
}
