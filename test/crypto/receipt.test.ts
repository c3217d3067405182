import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decodeCbor, encodeCbor } from '../../crypto/attestation/cbor.ts';
import type { ReceiptExpectations } from '../../crypto/receipts/receipt.ts';
import { openReceipt, saltedDigest, signReceipt, verifyReceipt } from '../../crypto/receipts/receipt.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';

const pair = generateKeyPairSync('ed25519');
const raw = (key = pair.publicKey) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
const digest = (text: string) => createHash('sha256').update(text).digest('hex') as Sha256;
const facts = {
  input: Buffer.from('a picture'),
  inputKind: 'open',
  output: Buffer.from('[{"label":"dog"}]'),
  functionChecksum: digest('function'),
  documentHash: digest('document'),
  sequence: 3,
  time: '2026-11-24T12:00:00.000Z',
} as const;
const signed = () => {
  const digests = { input: saltedDigest(facts.input), output: saltedDigest(facts.output) };
  return signReceipt({ ...facts, ...digests }, pair.privateKey);
};
const { receipt, salts } = signed();
const expected: ReceiptExpectations = { ...facts, receiptKey: raw(), salts };

/** Why a receipt is refused, or null where it is not. */
function refusal(given: Uint8Array, changes: Partial<ReceiptExpectations> = {}): string | null {
  try {
    verifyReceipt(given, { ...expected, ...changes });
    return null;
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'E_RECEIPT') return error.why ?? '';
    throw error;
  }
}

describe('a receipt', () => {
  test('holds for what was sent and what came, and says when and in which order', () => {
    expect(verifyReceipt(receipt, expected)).toMatchObject({ sequence: 3, time: facts.time, inputKind: 'open' });
    expect(receipt.length).toBeLessThan(400);
  });

  test('is refused for another input, output, function, document, kind or salt (W10, F4)', () => {
    expect(refusal(receipt, { input: Buffer.from('a pictur') })).toMatch(/another input/);
    expect(refusal(receipt, { output: Buffer.from('[{"label":"cat"}]') })).toMatch(/another output/);
    expect(refusal(receipt, { functionChecksum: digest('other') })).toMatch(/another function/);
    expect(refusal(receipt, { documentHash: digest('other') })).toMatch(/another attestation document/);
    expect(refusal(receipt, { inputKind: 'sealed' })).toMatch(/another way/);
    expect(refusal(receipt, { salts: { input: salts.output, output: salts.output } })).toMatch(/another input/);
    const short = { input: Buffer.alloc(0), output: Buffer.alloc(0) };
    expect(refusal(receipt, { salts: short })).toMatch(/salt/);
  });

  test('is refused from another runner, and after any one bit was changed (F4)', () => {
    expect(refusal(receipt, { receiptKey: raw(generateKeyPairSync('ed25519').publicKey) })).toMatch(/signature/);
    for (let index = 0; index < receipt.length; index++) {
      const changed = Uint8Array.from(receipt);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      expect([index, refusal(changed)]).not.toEqual([index, null]);
    }
  });

  test('with unsigned headers, trailing bytes or another algorithm is refused', () => {
    const [header, , payload, signature] = decodeCbor(receipt) as Uint8Array[];
    const build = (open: Map<string, number>, algorithm = header) =>
      encodeCbor([algorithm!, open, payload!, signature!]);
    expect(refusal(build(new Map()))).toBeNull();
    expect(refusal(build(new Map([['a', 1]])))).toMatch(/unsigned/);
    expect(refusal(build(new Map(), encodeCbor(new Map([[1, -35]]))))).toMatch(/EdDSA/);
    expect(refusal(Buffer.concat([receipt, Buffer.from([0])]))).toMatch(/CBOR|canonical/);
    expect(refusal(new Uint8Array(2000))).toMatch(/longer/);
  });

  test('does not tell a small input to who tries them all: its digest is salted, each time anew', () => {
    const content = openReceipt(receipt, raw());
    expect(content.inputDigest).not.toBe(digest('a picture'));
    const salted = createHash('sha256').update(salts.input).update('a picture').digest('hex');
    expect(content.inputDigest).toBe(salted);
    const again = signed();
    expect(openReceipt(again.receipt, raw()).inputDigest).not.toBe(content.inputDigest);
  });
});
