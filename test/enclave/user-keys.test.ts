/** Whose key it is that the key broker attests (W6), and that it was attested just now (W5). */
import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { createHostKey, createSoftwareRoot, trustedSoftwareRoot } from '../../crypto/attestation/software-authority.ts';
import { sha256Of } from '../../crypto/function-bundle.ts';
import { encodeUserKeyClaim, verifyUserKey } from '../../crypto/sealed/attested-user-key.ts';
import { deriveUserKey, type UserKey } from '../../crypto/sealed/user-key.ts';
import { parseHandle, type Handle } from '../../domain/ids.ts';
import { Attestor } from '../../enclave/attestor/attestor.ts';

const [alice, bob] = [parseHandle('alice'), parseHandle('bob')];
const measured = { runnerImage: sha256Of('the broker'), sandbox: sha256Of('its place') };
const now = new Date();
const nonce = new Uint8Array(randomBytes(32));

let attestor: Attestor;
let certificate: string;
let key: UserKey;
beforeAll(async () => {
  const authority = await createSoftwareRoot(now);
  certificate = trustedSoftwareRoot(authority).certificate;
  const hostKey = await createHostKey(authority, now);
  attestor = new Attestor({ hostKey, moduleId: 'test', runner: measured, broker: measured, now: () => now });
  key = deriveUserKey(Buffer.alloc(32, 7), { user: alice, generation: 2 });
});

const attest = (user: Handle) =>
  attestor.attestBroker({
    channelKey: key.publicKey,
    userData: encodeUserKeyClaim({ user, generation: 2 }),
    nonce,
  });

const demands = (changes: Readonly<Record<string, unknown>> = {}) => ({
  accept: ['software' as const],
  roots: [{ tee: 'software' as const, certificate }],
  at: now.toISOString(),
  nonce: Buffer.from(nonce).toString('hex'),
  maxAgeSeconds: 300,
  registers: { 0: [measured.runnerImage], 1: [measured.sandbox] },
  ...changes,
});

const refused = expect.objectContaining({ code: 'E_ATTESTATION' });

test('the key of a user is named with its user and its number', async () => {
  expect(verifyUserKey(await attest(alice), alice, demands())).toMatchObject({
    user: 'alice',
    generation: 2,
    keyId: key.keyId,
  });
});

test('the key of somebody else does not pass for it (W6)', async () => {
  const document = await attest(bob);
  expect(() => verifyUserKey(document, alice, demands())).toThrow(refused);
});

test.each([
  ['for another nonce', { nonce: 'ab'.repeat(32) }],
  ['an hour ago', { at: new Date(now.getTime() + 3_600_000).toISOString() }],
  ['by another program', { registers: { 0: [sha256Of('another')], 1: [measured.sandbox] } }],
])('a document that was made %s is refused (W5)', async (_how, changes) => {
  const document = await attest(alice);
  expect(() => verifyUserKey(document, alice, demands(changes))).toThrow(refused);
});

test('the document of a runner does not pass for that of the key broker, whatever function it has', async () => {
  const document = await attestor.attestRunner({
    channelKey: key.publicKey,
    receiptKey: new Uint8Array(32),
    nonce,
    functionChecksum: sha256Of('a function'),
    models: sha256Of(''),
    releasePolicy: sha256Of(''),
  });
  expect(() => verifyUserKey(document, alice, demands())).toThrow(refused);
});
