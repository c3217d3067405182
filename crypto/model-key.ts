/** The key of an archive: held in memory for as long as it is needed, and kept in a file that only its owner may read. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { StrongroomError } from '../domain/errors.ts';
import { codeOf } from './failure.ts';
import { makePrivateFolder, writeNewFile } from './private-file.ts';

const KEY_BITS = 256;
const LONGEST_KEY_FILE = 64 * 1024;
/** Below this a key can be guessed offline: the archive is public. */
const SHORTEST_SAFE_KEY = 16;
const NEWLINE = 0x0a;
const NUL = 0x00;

/** Something about a key file that its owner should know, though the key can be used. */
export interface KeyWarning {
  readonly kind: 'cut-at-newline' | 'cut-at-nul' | 'readable-by-others' | 'short';
  readonly message: string;
}

/**
 * The bytes that an archive's encryption starts from. It never turns into text by accident: logged, interpolated or
 * written as JSON it reads `[model key]`. Its owner disposes of it, which overwrites the bytes.
 */
export class ModelKey implements Disposable {
  /** What is odd about the file that this key was read from. */
  readonly warnings: readonly KeyWarning[];
  #bytes: Buffer | null;

  /** Takes the bytes over: they are overwritten when the key is disposed of. */
  constructor(bytes: Buffer, warnings: readonly KeyWarning[] = []) {
    if (bytes.length === 0) throw new StrongroomError('E_KEY_FILE', 'The key is empty.');
    this.#bytes = bytes;
    this.warnings = warnings;
  }

  /** A new key: 256 random bits as base64url text, which gpg reads from a file as we do. */
  static generate(): ModelKey {
    const bits = randomBytes(KEY_BITS / 8);
    const key = new ModelKey(Buffer.from(bits.toString('base64url'), 'latin1'));
    bits.fill(0);
    return key;
  }

  /** The key's own bytes, not a copy: whoever asks must neither keep nor change them. */
  expose(): Buffer {
    if (!this.#bytes) throw new Error('The model key was used after it was disposed of.');
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    this.#bytes?.fill(0);
    this.#bytes = null;
  }

  toString(): string {
    return '[model key]';
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * Makes a key and writes it to a new file of mode 0600, in a folder of mode 0700 that is made where it is missing. The
 * file is complete or not there at all. Fails with `E_ALREADY_EXISTS` rather than touch a file that is there.
 */
export async function createModelKey(path: string): Promise<ModelKey> {
  await makePrivateFolder(dirname(path));
  const key = ModelKey.generate();
  const line = Buffer.concat([key.expose(), Buffer.of(NEWLINE)]);
  try {
    await writeNewFile(path, line);
  } catch (error) {
    key[Symbol.dispose]();
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new StrongroomError('E_ALREADY_EXISTS', `The key file ${path} is there already.`, {
      why: 'A key that is overwritten is lost, and with it every archive that it opens.',
      next: 'Use that key, or choose another file.',
    });
  } finally {
    line.fill(0);
  }
  return key;
}

/** The key in the file, which is made where it is missing: any number of callers get the same key. */
export async function openOrCreateModelKey(path: string): Promise<ModelKey> {
  try {
    return await createModelKey(path);
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'E_ALREADY_EXISTS') return readModelKey(path);
    throw error;
  }
}

/**
 * Reads a key as gpg reads a passphrase file: up to the first newline, and of that up to the first NUL. What is odd
 * about the file is in the key's `warnings`. Fails with `E_KEY_NOT_FOUND`, and with `E_KEY_FILE` where the file holds
 * no key (it is a folder, too long, or its first line is empty).
 */
export async function readModelKey(path: string): Promise<ModelKey> {
  const file = await readKeyFile(path);
  try {
    const { key, cut } = cutAsGpgDoes(file.content);
    if (key.length === 0) throw emptyKey(path);
    return new ModelKey(key, [...cut, ...file.warnings, ...warnIfShort(key)]);
  } finally {
    file.content.fill(0);
  }
}

async function readKeyFile(path: string): Promise<{ content: Buffer; warnings: KeyWarning[] }> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new StrongroomError('E_KEY_NOT_FOUND', `There is no key file ${path}.`);
    throw new StrongroomError('E_KEY_FILE', `The key file ${path} cannot be read.`, { cause: error });
  });
  try {
    const { mode } = await handle.stat();
    return { content: await readAll(path, handle), warnings: warnIfOpen(path, mode) };
  } finally {
    await handle.close();
  }
}

/** In steps and without positions: a key may also come through a pipe. */
async function readAll(path: string, handle: FileHandle): Promise<Buffer> {
  const content = Buffer.alloc(LONGEST_KEY_FILE + 1);
  let length = 0;
  while (length < content.length) {
    const { bytesRead } = await handle.read(content, length, content.length - length).catch((error: unknown) => {
      throw new StrongroomError('E_KEY_FILE', `${path} is not a key file.`, { cause: error });
    });
    if (bytesRead === 0) return content.subarray(0, length);
    length += bytesRead;
  }
  content.fill(0);
  throw new StrongroomError('E_KEY_FILE', `${path} is too long for a key file.`);
}

function cutAsGpgDoes(content: Buffer): { key: Buffer; cut: KeyWarning[] } {
  const newline = content.indexOf(NEWLINE);
  const line = newline < 0 ? content : content.subarray(0, newline);
  const nul = line.indexOf(NUL);
  const key = Buffer.from(nul < 0 ? line : line.subarray(0, nul));
  if (nul >= 0) return { key, cut: [cutWarning('cut-at-nul', 'a NUL byte', key.length, content.length)] };
  const somethingFollows = newline >= 0 && newline < content.length - 1;
  return { key, cut: somethingFollows ? [cutWarning('cut-at-newline', 'a newline', key.length, content.length)] : [] };
}

function cutWarning(kind: KeyWarning['kind'], what: string, used: number, total: number): KeyWarning {
  return {
    kind,
    message: `The key file holds ${what}: only its first ${used} of ${total} bytes are the key, as for gpg.`,
  };
}

function warnIfOpen(path: string, mode: number): KeyWarning[] {
  if ((mode & 0o077) === 0) return [];
  return [{ kind: 'readable-by-others', message: `Others may read the key file ${path}: chmod 600 it.` }];
}

function warnIfShort(key: Buffer): KeyWarning[] {
  if (key.length >= SHORTEST_SAFE_KEY) return [];
  return [
    {
      kind: 'short',
      message: `The key has only ${key.length} bytes and can be guessed: encrypt anew with a longer one.`,
    },
  ];
}

const emptyKey = (path: string) =>
  new StrongroomError('E_KEY_FILE', `The key file ${path} holds no key.`, {
    why: 'Its first line is empty.',
    next: 'Take the file that the archive was encrypted with.',
  });
