/** What is inside a grant: canonical JSON of its version, its binding and the key. */
import { StrongroomError } from '../domain/errors.ts';
import type { GrantBinding } from '../domain/grant.ts';
import { formatContainerRef } from '../domain/ids.ts';
import { ModelKey } from './model-key.ts';

const VERSION = 1;
/** Printable ASCII that JSON writes as it is: a key of any other bytes is written in base64. */
const PLAIN_TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const TEXT_MARK = Buffer.from('"key":"', 'latin1');
const BASE64_MARK = Buffer.from('"keyBase64":"', 'latin1');
const QUOTE = 0x22;

/** The content without the key; its members in the order of the alphabet. */
interface GrantFields {
  readonly archive: string;
  readonly benchmark: string;
  readonly container: string;
  readonly expiresAt: string | null;
  readonly key?: '';
  readonly keyBase64?: '';
  readonly recipient: string;
  readonly version: number;
}

/** The bytes to encrypt; whoever asked overwrites them. */
export function writeGrantContent(binding: GrantBinding, key: ModelKey): Buffer {
  const bytes = key.expose();
  const isText = PLAIN_TEXT.test(bytes.toString('latin1'));
  const mark = isText ? TEXT_MARK : BASE64_MARK;
  const frame = Buffer.from(JSON.stringify(fieldsOf(binding, isText ? 'key' : 'keyBase64')), 'utf8');
  const at = frame.indexOf(mark) + mark.length;
  const value = isText ? bytes : Buffer.from(bytes.toString('base64'), 'latin1');
  return Buffer.concat([frame.subarray(0, at), value, frame.subarray(at)]);
}

function fieldsOf(binding: GrantBinding, member: 'key' | 'keyBase64'): GrantFields {
  return {
    archive: binding.archive,
    benchmark: binding.benchmark,
    container: formatContainerRef(binding.container),
    expiresAt: binding.expiresAt,
    [member]: '',
    recipient: binding.recipient,
    version: VERSION,
  };
}

export interface GrantContent {
  readonly binding: Omit<GrantFields, 'key' | 'keyBase64' | 'version'>;
  readonly key: ModelKey;
}

/** Takes the key out of the content, which is overwritten. Fails with `E_GRANT_INVALID` where it is not canonical. */
export function readGrantContent(content: Buffer): GrantContent {
  try {
    const member = content.includes(TEXT_MARK) ? 'key' : 'keyBase64';
    const mark = member === 'key' ? TEXT_MARK : BASE64_MARK;
    const from = content.indexOf(mark) + mark.length;
    const to = content.indexOf(QUOTE, from);
    if (from < mark.length || to <= from) throw malformed();
    const frame = Buffer.concat([content.subarray(0, from), content.subarray(to)]);
    const fields = parseFields(frame, member);
    const value = content.subarray(from, to);
    return { binding: fields, key: new ModelKey(member === 'key' ? Buffer.from(value) : decodeBase64(value)) };
  } finally {
    content.fill(0);
  }
}

/** `frame` holds no secret any more. */
function parseFields(frame: Buffer, member: 'key' | 'keyBase64'): GrantFields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame.toString('utf8'));
  } catch {
    throw malformed();
  }
  if (!isFields(parsed, member) || JSON.stringify(sorted(parsed)) !== frame.toString('utf8')) throw malformed();
  if (parsed.version !== VERSION) throw malformed(`It has version ${parsed.version}; version ${VERSION} is supported.`);
  return parsed;
}

const sorted = (fields: GrantFields) => Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));

function isFields(value: unknown, member: 'key' | 'keyBase64'): value is GrantFields {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  const texts = ['archive', 'benchmark', 'container', 'recipient', member];
  const names = [...texts, 'expiresAt', 'version'];
  return (
    Object.keys(fields).length === names.length &&
    texts.every((name) => typeof fields[name] === 'string') &&
    (fields['expiresAt'] === null || typeof fields['expiresAt'] === 'string') &&
    typeof fields['version'] === 'number'
  );
}

function decodeBase64(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1'), 'base64');
}

/** What is wrong with a grant that is used for `expected` at `now`; `null` where nothing is. */
export function bindingDifference(found: GrantContent['binding'], expected: GrantBinding, now: Date): string | null {
  const container = formatContainerRef(expected.container);
  if (found.container !== container) return `It is for the container ${found.container}, not for ${container}.`;
  if (found.archive !== expected.archive) return 'It is for another archive of the container.';
  if (found.benchmark !== expected.benchmark) {
    return `It is for the benchmark ${found.benchmark}, not for ${expected.benchmark}.`;
  }
  if (found.recipient !== expected.recipient) return `It is for the certificate ${found.recipient}, not for yours.`;
  if (found.expiresAt !== expected.expiresAt) return 'It expires at another time than the platform says.';
  if (found.expiresAt !== null && !(Date.parse(found.expiresAt) > now.getTime())) {
    return `It expired at ${found.expiresAt}.`;
  }
  return null;
}

const malformed = (why = 'Its content is not well formed.') =>
  new StrongroomError('E_GRANT_INVALID', 'The grant does not open.', { why });
