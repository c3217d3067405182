/** HPKE on the vectors of RFC 9180, and what does not open (quality.md F2). */
import { describe, expect, test } from '@jest/globals';
import { deriveHpkeKeyPair, generateHpkeKeyPair, openWith, sealTo, type HpkeMessage } from '../../crypto/hpke.ts';

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));
const digitsOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, in the vectors that are published beside the RFC. */
const VECTOR = {
  ikmR: hex('dac33b0e9db1b59dbbea58d59a14e7b5896e9bdf98fad6891e99d1686492b9ee'),
  pkRm: '430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c',
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  aad: Buffer.from('Count-0'),
  enc: hex('6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256'),
  ct: hex('e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a'),
  pt: 'Beauty is truth, truth beauty',
};
const binding = { info: VECTOR.info, aad: VECTOR.aad };
const message: HpkeMessage = { enc: VECTOR.enc, ciphertext: VECTOR.ct };

describe('HPKE (F2)', () => {
  test('derives the key and opens the message of RFC 9180', () => {
    const { publicKey, privateKey } = deriveHpkeKeyPair(VECTOR.ikmR);
    expect(digitsOf(publicKey)).toBe(VECTOR.pkRm);
    expect(openWith(privateKey, message, binding)?.toString()).toBe(VECTOR.pt);
  });

  test.each<[string, HpkeMessage, typeof binding]>([
    ['under another info', message, { ...binding, info: hex('00') }],
    ['with other authenticated data', message, { ...binding, aad: Buffer.from('Count-1') }],
    ['with an encapsulated key that is cut off', { ...message, enc: VECTOR.enc.subarray(0, 31) }, binding],
    ['with an encapsulated key of another message', { ...message, enc: hex('09'.padEnd(64, '0')) }, binding],
    ['whose ciphertext is cut off', { ...message, ciphertext: VECTOR.ct.subarray(0, -1) }, binding],
    ['whose ciphertext is empty', { ...message, ciphertext: new Uint8Array() }, binding],
  ])('does not open a message %s', (_which, changed, bound) => {
    const { privateKey } = deriveHpkeKeyPair(VECTOR.ikmR);
    expect(openWith(privateKey, changed, bound)).toBeNull();
  });

  /** Points of small order: a shared secret with them is the same for everybody (RFC 7748 section 6.1). */
  test.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
  ])('neither seals to the low-order point %s nor opens what comes with it', (point) => {
    expect(() => sealTo(hex(point), Buffer.from('secret'), binding)).toThrow();
    const { privateKey } = generateHpkeKeyPair();
    expect(openWith(privateKey, { ...message, enc: hex(point) }, binding)).toBeNull();
  });
});
