import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, createHmac } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeCbor, encodeCbor } from '../../crypto/attestation/cbor.ts';
import type { SealingPolicy } from '../../crypto/sealed/header.ts';
import { decodeHeader } from '../../crypto/sealed/header.ts';
import { paddedLength } from '../../crypto/sealed/padding.ts';
import { openContentKey, openSealedInput, parseSealedInput, sealInput } from '../../crypto/sealed/sealed-input.ts';
import type { UserKey } from '../../crypto/sealed/user-key.ts';
import { deriveUserKey, formatKeyId } from '../../crypto/sealed/user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { MOST } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { parseHandle } from '../../domain/ids.ts';

const alice = parseHandle('alice');
const master = Buffer.alloc(32, 7);
const checksum = 'c'.repeat(64) as Sha256;
const other = 'd'.repeat(64) as Sha256;
const now = new Date('2026-11-24T12:00:00Z');
const picture = Buffer.from('a picture of a dog');
const forAny: SealingPolicy = { functions: null, notAfter: null };
let key: UserKey;

beforeAll(() => {
  key = deriveUserKey(master, { user: alice, generation: 1 });
});

function open(text: string, by: UserKey = key, at = now, as = checksum): string {
  const sealed = parseSealedInput(text);
  const contentKey = openContentKey(sealed.keyRequest, by);
  return openSealedInput(sealed, contentKey, as, at).toString();
}

const failure = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof StrongroomError) return error.code;
    throw error;
  }
  return 'no failure';
};

const bytesOf = (text: string) => Buffer.from(text.slice('strongroom:'.length), 'base64url');
const textOf = (bytes: Uint8Array) => `strongroom:${Buffer.from(bytes).toString('base64url')}`;

describe("a user's key", () => {
  test('is the same from the same master secret, and another for another user, generation or secret', () => {
    const ids = [
      deriveUserKey(master, { user: alice, generation: 1 }),
      deriveUserKey(master, { user: alice, generation: 2 }),
      deriveUserKey(master, { user: parseHandle('bob'), generation: 1 }),
      deriveUserKey(Buffer.alloc(32, 8), { user: alice, generation: 1 }),
    ];
    expect(ids[0]?.keyId).toBe(key.keyId);
    expect(new Set(ids.map(({ keyId }) => keyId)).size).toBe(4);
    expect(formatKeyId(key.keyId)).toMatch(/^[0-9a-f]{4}( [0-9a-f]{4}){15}$/);
  });

  test('has no private half that could be exported by mistake', () => {
    expect(JSON.stringify(key)).not.toMatch(/"d"/);
  });
});

describe('a sealed input', () => {
  test.each([0, 1, 251, 252, 253, 100_000])('of %d bytes opens as it was, inside the function', async (length) => {
    const input = Buffer.alloc(length, 'x');
    const text = sealInput(input, key, forAny);
    expect(text).toMatch(/^strongroom:[A-Za-z0-9_-]+$/);
    expect(open(`${text}\n`)).toBe(input.toString());
  });

  test('says whose it is and what may open it, and nothing of the input', () => {
    const text = sealInput(picture, key, { functions: [other, checksum], notAfter: '2027-01-01T00:00:00Z' });
    const { header } = parseSealedInput(text);
    const policy = { functions: [checksum, other], notAfter: '2027-01-01T00:00:00.000Z' };
    expect(header).toEqual({ recipient: 'alice', keyId: key.keyId, generation: 1, policy });
    expect(bytesOf(text).includes(picture)).toBe(false);
  });

  test('is another text each time, of the same length for inputs of about the same length', () => {
    const [one, two] = [sealInput(picture, key, forAny), sealInput(picture, key, forAny)];
    expect(one).not.toBe(two);
    expect(one.length).toBe(sealInput(Buffer.alloc(200), key, forAny).length);
    expect(paddedLength(602_112)).toBe(paddedLength(602_000));
    expect(paddedLength(602_112) / 602_112).toBeLessThan(1.12);
  });

  test('opens as RFC 9180 says, computed by other means', () => {
    const { keyRequest, payload } = parseSealedInput(sealInput(picture, key, forAny));
    const contentKey = openByHand(keyRequest.enc, keyRequest.wrappedKey, keyRequest.header);
    const decipher = createDecipheriv('aes-256-gcm', contentKey, Buffer.alloc(12)).setAAD(keyRequest.header);
    decipher.setAuthTag(payload.subarray(-16));
    const padded = Buffer.concat([decipher.update(payload.subarray(0, -16)), decipher.final()]);
    expect(padded.subarray(4, 4 + picture.length)).toEqual(picture);
  });

  test('is refused in a function that its policy does not name, and after its time', () => {
    const bound = sealInput(picture, key, { functions: [checksum], notAfter: '2026-11-24T12:00:00Z' });
    expect(open(bound)).toBe(picture.toString());
    expect(failure(() => open(bound, key, now, other))).toBe('E_NOT_ALLOWED');
    expect(failure(() => open(bound, key, new Date(now.getTime() + 1)))).toBe('E_NOT_ALLOWED');
  });

  test("does not open with another user's key, another generation, or a key that claims to be alice's", () => {
    const text = sealInput(picture, key, forAny);
    const bobs = deriveUserKey(master, { user: parseHandle('bob'), generation: 1 });
    expect(failure(() => open(text, bobs))).toBe('E_SEALED_INPUT');
    const second = deriveUserKey(master, { user: alice, generation: 2 });
    expect(failure(() => open(text, second))).toBe('E_SEALED_INPUT');
    expect(failure(() => open(text, { ...key, privateKey: bobs.privateKey }))).toBe('E_SEALED_INPUT');
    expect(() => sealInput(picture, { ...key, publicKey: bobs.publicKey }, forAny)).toThrow('id of another');
  });

  test('does not open under another policy, though only the header was changed', () => {
    const bytes = bytesOf(sealInput(picture, key, { functions: [checksum], notAfter: null }));
    const headerEnd = 2 + bytes.readUInt16BE();
    const fields = decodeCbor(bytes.subarray(2, headerEnd)) as Map<string, never>;
    fields.set('functions', [Buffer.from(other, 'hex')] as unknown as never);
    const forged = textOf(Buffer.concat([bytes.subarray(0, 2), encodeCbor(fields), bytes.subarray(headerEnd)]));
    expect(parseSealedInput(forged).header.policy.functions).toEqual([other]);
    expect(failure(() => open(forged, key, now, other))).toBe('E_SEALED_INPUT');
  });

  test('does not open after any one bit was changed', () => {
    const bytes = bytesOf(sealInput(picture, key, { functions: [checksum], notAfter: null }));
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      const code = failure(() => open(textOf(changed)));
      expect([index, code]).toEqual([index, expect.stringMatching(/^E_(SEALED_INPUT|NOT_ALLOWED)$/)]);
    }
  });

  test('whose payload was taken from another one does not open', () => {
    const [one, two] = [sealInput(picture, key, forAny), sealInput(Buffer.from('a cat'), key, forAny)];
    const sealed = parseSealedInput(one);
    const contentKey = openContentKey(sealed.keyRequest, key);
    const mixed = { ...sealed, payload: parseSealedInput(two).payload };
    expect(failure(() => openSealedInput(mixed, contentKey, checksum, now))).toBe('E_SEALED_INPUT');
  });

  test('is read strictly', () => {
    const text = sealInput(picture, key, forAny);
    const bytes = bytesOf(text);
    const wrong = [
      text.replace('strongroom:', 'cape:'),
      text.slice('strongroom:'.length),
      ` ${text}`,
      `${text}=`,
      `${text}\n\n`,
      text.replaceAll('_', '/').replaceAll('-', '+').concat('+'),
      'strongroom:',
      textOf(bytes.subarray(0, 1)),
      textOf(bytes.subarray(0, 200)),
      textOf(Buffer.concat([Buffer.from([0xff, 0xff]), bytes.subarray(2)])),
      `strongroom:${'A'.repeat(2 * MOST.inputBytes)}`,
    ];
    for (const each of wrong) {
      expect([each.slice(0, 40), failure(() => parseSealedInput(each))]).toEqual([each.slice(0, 40), 'E_SEALED_INPUT']);
    }
  });

  test('with a header of unknown version, suite, field or order is refused', () => {
    const { keyRequest } = parseSealedInput(sealInput(picture, key, forAny));
    const change = (edit: (fields: Map<string, never>) => unknown) => {
      const fields = decodeCbor(keyRequest.header) as Map<string, never>;
      edit(fields);
      return encodeCbor(fields);
    };
    const set = (name: string, value: unknown) => change((fields) => fields.set(name, value as never));
    const wrong = [
      set('v', 2),
      set('suite', [0x20, 1, 3]),
      set('to', 'Not A Handle'),
      set('key', new Uint8Array(31)),
      set('generation', 0),
      set('functions', []),
      set('functions', [Buffer.alloc(32, 2), Buffer.alloc(32, 1)]),
      set('not_after', -1),
      set('extra', 1),
      change((fields) => fields.delete('functions')),
      Buffer.concat([keyRequest.header, Buffer.from([0])]),
      encodeCbor([1]),
    ];
    for (const header of wrong) expect(failure(() => decodeHeader(header))).toBe('E_SEALED_INPUT');
    expect(failure(() => decodeHeader(keyRequest.header))).toBe('no failure');
  });

  test('of more than a function may take is refused before anything is encrypted', () => {
    const large = { length: MOST.inputBytes + 1 } as Uint8Array;
    expect(failure(() => sealInput(large, key, forAny))).toBe('E_SEALED_INPUT');
  });

  test('leaves the content key to be zeroed by its holder, and gives the input in memory of its own', () => {
    const sealed = parseSealedInput(sealInput(picture, key, forAny));
    const contentKey = openContentKey(sealed.keyRequest, key);
    const opened = openSealedInput(sealed, contentKey, checksum, now);
    contentKey.fill(0);
    expect(opened).toEqual(picture);
    expect(failure(() => openSealedInput(sealed, contentKey, checksum, now))).toBe('E_SEALED_INPUT');
  });
});

/** HPKE's base mode with Node's primitives only: RFC 9180 sections 4.1, 5.1 and 5.2. */
function openByHand(enc: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const kem = Buffer.concat([Buffer.from('KEM'), Buffer.from([0, 0x20])]);
  const hpke = Buffer.concat([Buffer.from('HPKE'), Buffer.from([0, 0x20, 0, 1, 0, 2])]);
  const extract = (suite: Buffer, salt: Buffer, label: string, ikm: Uint8Array) =>
    createHmac('sha256', salt).update('HPKE-v1').update(suite).update(label).update(ikm).digest();
  const expand = (suite: Buffer, prk: Buffer, label: string, info: Uint8Array, length: number) =>
    createHmac('sha256', prk)
      .update(Buffer.from([0, length]))
      .update('HPKE-v1')
      .update(suite)
      .update(label)
      .update(info)
      .update(Buffer.from([1]))
      .digest()
      .subarray(0, length);
  const none = Buffer.alloc(0);
  const info = encodeCbor(['alice', 1]);
  const material = Buffer.from(hkdfSync('sha256', master, 'strongroom user key 1', info, 32));
  const secret = expand(kem, extract(kem, none, 'dkp_prk', material), 'sk', none, 32);
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), enc]),
    format: 'der',
    type: 'spki',
  });
  const own = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const shared = expand(
    kem,
    extract(kem, none, 'eae_prk', diffieHellman({ privateKey, publicKey })),
    'shared_secret',
    Buffer.concat([enc, own]),
    32,
  );
  const context = Buffer.concat([
    Buffer.from([0]),
    extract(hpke, none, 'psk_id_hash', none),
    extract(hpke, none, 'info_hash', Buffer.from('strongroom sealed input 1')),
  ]);
  const prk = extract(hpke, shared, 'secret', none);
  const decipher = createDecipheriv(
    'aes-256-gcm',
    expand(hpke, prk, 'key', context, 32),
    expand(hpke, prk, 'base_nonce', context, 12),
  );
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}
