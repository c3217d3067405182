/** Which certificates a key may be wrapped to, and by what name each of the others is refused (quality.md B5). */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { generateKey, readKey, readPrivateKey, revokeKey } from 'openpgp';
import { certify, createAuthority, type Authority } from '../../crypto/certificate-authority.ts';
import { checkCertificate } from '../../crypto/certificate-check.ts';
import { checkPin } from '../../crypto/certificate-pins.ts';
import { createCertificate, type CreatedCertificate } from '../../crypto/certificates.ts';
import { READABLE_BY_GPG } from '../../crypto/openpgp/keys.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { parseEmailAddress, parseFingerprint, parseHandle } from '../../domain/ids.ts';

const DAY = 86_400_000;
const email = parseEmailAddress('dora@example.org');
const inDays = (days: number) => new Date(Date.now() + days * DAY);

let authority: Authority;
let dora: CreatedCertificate;

beforeAll(async () => {
  authority = await createAuthority();
  dora = await createCertificate({ handle: parseHandle('dora'), email, expiresInDays: 30 });
});

const certified = (certificate: string, { by = authority, days = 20, from = new Date() } = {}) =>
  certify(by.privateKey, certificate, { email, expires: inDays(days).toISOString(), now: from });

/** A certificate that our own commands would not make. */
async function foreign(options: object): Promise<string> {
  const { publicKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name: 'dora', email }],
    format: 'object',
    ...options,
    config: { ...READABLE_BY_GPG, minRSABits: 1024 },
  });
  return publicKey.armor();
}

async function verdict(certificate: string, { now = new Date(), address = email } = {}): Promise<string> {
  try {
    const { fingerprint } = await checkCertificate(certificate, {
      authority: authority.certificate,
      email: address,
      now,
    });
    return fingerprint;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    return `${error.code}: ${error.message} ${error.why ?? ''}`;
  }
}

test('the certificate that the authority vouches for is taken, and so is its renewal under the same key (B5)', async () => {
  expect(await verdict(await certified(dora.certificate))).toBe(dora.fingerprint);
  const renewed = await certified(dora.certificate, { days: 200 });
  expect(await verdict(renewed)).toBe(dora.fingerprint);
  expect(checkPin({ [email]: dora.fingerprint }, email, parseFingerprint(await verdict(renewed)))).toBe('pinned');
});

describe('a certificate is refused by name (B5)', () => {
  test('once it has expired, or what the authority said of it has', async () => {
    const certificate = await certified(dora.certificate, { days: 10 });
    expect(await verdict(certificate, { now: inDays(40) })).toMatch(/^E_CERTIFICATE_EXPIRED.*expired/);
    expect(await verdict(certificate, { now: inDays(15) })).toMatch(/^E_CERTIFICATE_EXPIRED.*a time that is over/);
  });

  test('before it is valid, and before the certification is', async () => {
    const young = await foreign({ date: inDays(2) });
    expect(await verdict(await certified(young, { from: inDays(2) }))).toMatch(
      /^E_CERTIFICATE_NOT_CERTIFIED.*not valid yet/,
    );
    const early = await certified(dora.certificate, { from: inDays(2) });
    expect(await verdict(early)).toMatch(/^E_CERTIFICATE_NOT_CERTIFIED.*not valid yet/);
  });

  test('where its owner revoked it', async () => {
    const privateKey = await readPrivateKey({ armoredKey: Buffer.from(dora.privateKey).toString('latin1') });
    const { publicKey } = await revokeKey({ key: privateKey, format: 'object' });
    expect(await verdict(await certified(publicKey.armor()))).toMatch(/^E_CERTIFICATE_REVOKED/);
  });

  test('where nobody vouches for it, or another authority does', async () => {
    expect(await verdict(dora.certificate)).toMatch(/^E_CERTIFICATE_NOT_CERTIFIED.*No valid signature/);
    const other = await createAuthority();
    expect(await verdict(await certified(dora.certificate, { by: other }))).toMatch(/^E_CERTIFICATE_NOT_CERTIFIED/);
  });

  test('where the certification was taken from another certificate of the same address', async () => {
    const good = await readKey({ armoredKey: await certified(dora.certificate) });
    const stolen = await readKey({ armoredKey: await foreign({}) });
    stolen.users[0]!.otherCertifications.push(...good.users[0]!.otherCertifications);
    expect(await verdict(stolen.armor())).toMatch(/^E_CERTIFICATE_NOT_CERTIFIED/);
  });

  test('where it can only sign', async () => {
    const signing = await foreign({ subkeys: [{ sign: true }] });
    expect(await verdict(await certified(signing))).toMatch(/^E_CERTIFICATE_UNSUITABLE.*no valid key to encrypt to/);
  });

  test('where it is RSA with 1024 bits', async () => {
    const weak = await foreign({ type: 'rsa', curve: undefined, rsaBits: 1024 });
    expect(await verdict(await certified(weak))).toMatch(/^E_CERTIFICATE_UNSUITABLE.*RSA with 1024 bits/);
  });

  test('where it is somebody else’s, or names two people', async () => {
    const certificate = await certified(dora.certificate);
    const address = parseEmailAddress('emil@example.org');
    expect(await verdict(certificate, { address })).toMatch(/^E_CERTIFICATE_NOT_CERTIFIED.*another address/);
    const both = await foreign({ userIDs: [{ email }, { email: address }] });
    expect(await verdict(both)).toMatch(/^E_CERTIFICATE_UNSUITABLE.*one user ID/);
  });

  test('where it is a private key, and where it is none at all', async () => {
    expect(await verdict(Buffer.from(dora.privateKey).toString('latin1'))).toMatch(
      /^E_CERTIFICATE_UNSUITABLE.*private/,
    );
    expect(await verdict('not a certificate')).toMatch(/^E_CERTIFICATE_UNSUITABLE/);
  });

  test('where another key is known for the address already', async () => {
    const other = await createCertificate({ handle: parseHandle('dora'), email, expiresInDays: 30 });
    expect(await verdict(await certified(other.certificate))).toBe(other.fingerprint);
    expect(() => checkPin({ [email]: dora.fingerprint }, email, other.fingerprint)).toThrow(
      expect.objectContaining({ code: 'E_CERTIFICATE_CHANGED' }),
    );
  });
});
