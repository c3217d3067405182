/** What a grant is bound to, and who opens it. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { certify, createAuthority, type Authority } from '../../crypto/certificate-authority.ts';
import { createCertificate, type CreatedCertificate } from '../../crypto/certificates.ts';
import { wrapOnThreads } from '../../crypto/grant-threads.ts';
import { unwrapKey, wrapKeys, type Recipient, type WrappingTerms } from '../../crypto/grants.ts';
import { ModelKey } from '../../crypto/model-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { GrantBinding } from '../../domain/grant.ts';
import {
  parseBenchmarkName,
  parseContainerName,
  parseEmailAddress,
  parseFingerprint,
  parseHandle,
  parseSha256,
} from '../../domain/ids.ts';

const DAY = 86_400_000;
const email = parseEmailAddress('dora@example.org');
const key = ModelKey.generate();

let authority: Authority;
let alice: CreatedCertificate;
let dora: CreatedCertificate;
let certificate: string;
let binding: GrantBinding;
let terms: WrappingTerms;

const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();

beforeAll(async () => {
  authority = await createAuthority();
  alice = await createCertificate({
    handle: parseHandle('alice'),
    email: parseEmailAddress('alice@example.org'),
    expiresInDays: 30,
  });
  dora = await createCertificate({ handle: parseHandle('dora'), email, expiresInDays: 30 });
  certificate = await certify(authority.privateKey, dora.certificate, { email, expires: inDays(20) });
  binding = {
    container: { owner: parseHandle('alice'), name: parseContainerName('digits-model') },
    archive: parseSha256('1'.repeat(64)),
    benchmark: parseBenchmarkName('digits'),
    recipient: dora.fingerprint,
    expiresAt: inDays(5),
  };
  terms = { key, ownerPrivateKey: alice.privateKey, authority: authority.certificate, now: new Date() };
});

async function wrapped(): Promise<string> {
  const [outcome] = await wrapKeys(terms, [{ email, certificate, binding }]);
  if (!outcome || 'refusal' in outcome) throw new Error('The key was not wrapped.');
  return outcome.message;
}

const open = (message: string, changes: Partial<Parameters<typeof unwrapKey>[0]> = {}) =>
  unwrapKey({
    message,
    binding,
    recipientPrivateKey: dora.privateKey,
    ownerCertificate: alice.certificate,
    now: new Date(),
    ...changes,
  });

const why = (opening: Promise<unknown>) =>
  opening.then(
    () => 'it opened',
    (error: unknown) => (error instanceof StrongroomError ? `${error.code}: ${error.why ?? ''}` : String(error)),
  );

describe('a grant opens where it was made for, and nowhere else (B6)', () => {
  test('its recipient finds the key in it', async () => {
    using opened = await open(await wrapped());
    expect(opened.expose()).toEqual(key.expose());
  });

  test.each<[string, Partial<GrantBinding>, string]>([
    [
      'another container',
      { container: { owner: parseHandle('alice'), name: parseContainerName('other') } },
      'container',
    ],
    [
      'another owner',
      { container: { owner: parseHandle('mallory'), name: parseContainerName('digits-model') } },
      'container',
    ],
    ['another archive of the container', { archive: parseSha256('2'.repeat(64)) }, 'another archive'],
    ['another benchmark', { benchmark: parseBenchmarkName('letters') }, 'benchmark'],
    ['another certificate', { recipient: parseFingerprint('B'.repeat(40)) }, 'certificate'],
    ['another end', { expiresAt: null }, 'expires at another time'],
  ])('moved to %s it does not open, and says so', async (_, changes, reason) => {
    const said = await why(open(await wrapped(), { binding: { ...binding, ...changes } }));
    expect(said).toMatch(/^E_GRANT_INVALID/);
    expect(said).toContain(reason);
  });

  test('after its end it does not open', async () => {
    const later = new Date(Date.parse(binding.expiresAt!) + 1000);
    expect(await why(open(await wrapped(), { now: later }))).toContain('It expired at');
  });

  test('neither another recipient nor one signed by somebody else opens', async () => {
    const message = await wrapped();
    const stranger = await createCertificate({ handle: parseHandle('emil'), email, expiresInDays: 30 });
    expect(await why(open(message, { recipientPrivateKey: stranger.privateKey }))).toMatch(/^E_GRANT_INVALID/);
    expect(await why(open(message, { ownerCertificate: stranger.certificate }))).toMatch(/^E_GRANT_INVALID/);
  });
});

test('many are wrapped on threads, each in its place; a certificate that cannot be used stops no other', async () => {
  const good: Recipient = { email, certificate, binding };
  const uncertified: Recipient = { email, certificate: dora.certificate, binding };
  const named: Recipient = { email, certificate, binding: { ...binding, recipient: alice.fingerprint } };
  const recipients = Array.from({ length: 240 }, () => good)
    .with(3, uncertified)
    .with(200, named);
  const outcomes = await wrapOnThreads(terms, recipients);
  const refused = outcomes.flatMap((outcome, index) => ('refusal' in outcome ? [[index, outcome.refusal.code]] : []));
  expect(refused).toEqual([
    [3, 'E_CERTIFICATE_NOT_CERTIFIED'],
    [200, 'E_GRANT_INVALID'],
  ]);
  const last = outcomes.at(-1);
  if (!last || 'refusal' in last) throw new Error('The last one was not wrapped.');
  using opened = await open(last.message);
  expect(opened.expose()).toEqual(key.expose());
  expect(terms.key.expose().some((byte) => byte !== 0)).toBe(true);
});
