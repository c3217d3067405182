/** The key ring that payloads in Temporal are encrypted with: a file of mode 0600, which configuration names. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { StrongroomError } from '../domain/errors.ts';

export interface PayloadKeys {
  /** The key that new payloads are encrypted with. */
  readonly current: { readonly id: string; readonly key: KeyObject };
  find(id: string): KeyObject | undefined;
  /** Until when payloads from before encryption was switched on are still read, in milliseconds; 0 is never. */
  readonly plaintextUntil: number;
}

interface KeyRingFile {
  readonly current: string;
  /** ISO 8601 or `null`. */
  readonly plaintextUntil: string | null;
  /** Key id → 256 bits in base64url. */
  readonly keys: Readonly<Record<string, string>>;
}

const KEY_BYTES = 32;
const DAY_MS = 86_400_000;

/** Fails with `E_CONFIG` where the file is not a key ring, or others than its owner may read it. */
export function readPayloadKeys(file: string): PayloadKeys {
  const { current, keys, plaintextUntil } = readFile(file);
  const ring = new Map<string, KeyObject>();
  for (const [id, text] of Object.entries(keys)) {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== KEY_BYTES) throw unusable(file, `The key ${id} does not have ${KEY_BYTES * 8} bits.`);
    ring.set(id, createSecretKey(bytes));
    bytes.fill(0);
  }
  const key = ring.get(current);
  if (!key) throw unusable(file, 'It lacks the key that it calls current.');
  return {
    current: { id: current, key },
    find: (id) => ring.get(id),
    plaintextUntil: plaintextUntil === null ? 0 : Date.parse(plaintextUntil),
  };
}

/**
 * Adds a key to the ring in `file`, which is made where it is missing, and makes it the current one; earlier keys stay
 * for what they encrypted. Answers the new key's id. Only a new ring may read plaintext, for `plaintextDays`.
 */
export function addPayloadKey(file: string, plaintextDays: number): string {
  const before = existsSync(file) ? readFile(file) : null;
  const now = new Date();
  const current = `${now.toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  const until = plaintextDays > 0 ? new Date(now.getTime() + plaintextDays * DAY_MS).toISOString() : null;
  const ring: KeyRingFile = {
    current,
    plaintextUntil: before ? before.plaintextUntil : until,
    keys: { ...before?.keys, [current]: randomBytes(KEY_BYTES).toString('base64url') },
  };
  const beside = `${file}.${randomBytes(6).toString('hex')}.partial`;
  writeFileSync(beside, `${JSON.stringify(ring, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(beside, file);
  return current;
}

function readFile(file: string): KeyRingFile {
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) throw unusable(file, 'Others than its owner may read it.');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    throw unusable(file, (error as Error).message);
  }
  const ring = parse(text);
  if (!isKeyRing(ring)) throw unusable(file, 'It is not a key ring.');
  return ring;
}

/** The parser's message would quote the text, and the text has keys in it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isKeyRing(value: unknown): value is KeyRingFile {
  if (typeof value !== 'object' || value === null) return false;
  const { current, keys, plaintextUntil } = value as Partial<Record<keyof KeyRingFile, unknown>>;
  const isMoment = typeof plaintextUntil === 'string' && !Number.isNaN(Date.parse(plaintextUntil));
  return (
    typeof current === 'string' &&
    (plaintextUntil === null || isMoment) &&
    typeof keys === 'object' &&
    keys !== null &&
    Object.values(keys).every((key) => typeof key === 'string')
  );
}

const unusable = (file: string, why: string) =>
  new StrongroomError('E_CONFIG', `${file} cannot be used as the key ring for payloads.`, {
    why,
    next: `chmod 600 ${file}, or make one: strongroom payload-key add FILE`,
  });
