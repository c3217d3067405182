/** What an attacker between a caller and a runner can do: nothing that either would not notice. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyAttestation } from '../../crypto/attestation/verify.ts';
import { sha256Of } from '../../crypto/function-bundle.ts';
import type { HpkeKeyPair } from '../../crypto/hpke.ts';
import { generateHpkeKeyPair } from '../../crypto/hpke.ts';
import { decodeAnswer, encodeRequest } from '../../crypto/session/content.ts';
import type { SessionBinding } from '../../crypto/session/message.ts';
import { openMessage, sealMessage } from '../../crypto/session/message.ts';
import { INVOCATION_TOKEN_HEADER } from '../../domain/invocation-token.ts';
import type { HostedSession } from '../../enclave/host/served-function.ts';
import { FUNCTION_ID as ID, serveInTest, type EnclaveOfTest } from './enclave-of-test.ts';
import { makeFunction } from './functions.ts';

const bundle = makeFunction({ body: "if (text === 'fail') throw new Error('secret'); return text;" });

let enclave: EnclaveOfTest;
beforeAll(async () => {
  enclave = await serveInTest(bundle);
});
afterAll(async () => {
  await enclave[Symbol.asyncDispose]();
});

interface Claims {
  readonly sub?: string;
  readonly function?: string;
  readonly checksum?: string;
  readonly jti?: string;
  readonly exp?: number;
}

function tokenOf(claims: Claims = {}, key: KeyObject = enclave.platformKey): string {
  const { checksum } = enclave;
  const all = { sub: 'alice', function: ID, checksum, jti: 'token', exp: Date.now() / 1000 + 60, ...claims };
  const content = `${INVOCATION_TOKEN_HEADER}.${Buffer.from(JSON.stringify(all)).toString('base64url')}`;
  return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`;
}

interface Caller {
  readonly hosted: HostedSession;
  readonly binding: SessionBinding;
  readonly answerKeys: HpkeKeyPair;
  readonly request: (text: string, sequence: number, given?: { token?: string; final?: boolean }) => Buffer;
  readonly read: (answer: Buffer, sequence: number) => Promise<unknown>;
}

async function connect(): Promise<Caller> {
  const { served, root, measured, checksum } = enclave;
  const nonce = new Uint8Array(randomBytes(32));
  const hosted = await served.openSession(nonce, 'token');
  const { channelKey, documentHash } = verifyAttestation(hosted.document, {
    accept: ['software'],
    roots: [{ tee: 'software', certificate: root }],
    at: new Date().toISOString(),
    nonce: Buffer.from(nonce).toString('hex'),
    maxAgeSeconds: 60,
    registers: { 0: [measured.runnerImage], 1: [measured.sandbox] },
    functionChecksum: checksum,
    channelKey: null,
  });
  const answerKeys = generateHpkeKeyPair();
  const binding = { documentHash, functionId: ID, functionChecksum: checksum, tokenId: 'token' };
  return {
    hosted,
    binding,
    answerKeys,
    request: (text, sequence, { token = tokenOf(), final = false } = {}) => {
      const head = { token, answerKey: answerKeys.publicKey, inputKind: 'open' as const };
      const content = encodeRequest(head, Buffer.from(text));
      return sealMessage(channelKey ?? new Uint8Array(), content, binding, { direction: 'request', sequence }, final);
    },
    read: async (answer, sequence) => {
      const { content } = openMessage(answerKeys.privateKey, answer, binding, { direction: 'answer', sequence });
      const { head, body } = decodeAnswer(content);
      return head.kind === 'failure' ? head.error.code : (JSON.parse(body.toString()) as unknown);
    },
  };
}

const refusedAs = (code: string) => expect.objectContaining({ code });

test('calls are answered in order, each sealed to the caller', async () => {
  const { hosted, request, read } = await connect();
  for (const [sequence, text] of ['one', 'two'].entries()) {
    const { message } = await hosted.exchange(request(text, sequence));
    expect(message.includes(text)).toBe(false);
    expect(await read(message, sequence)).toBe(text);
  }
  hosted.close();
});

test('answers of small results, and failures, all have one length', async () => {
  const { hosted, request, read } = await connect();
  const lengths = new Set<number>();
  for (const [sequence, text] of ['a', 'b'.repeat(1000), 'fail'].entries()) {
    const { message } = await hosted.exchange(request(text, sequence));
    if (text === 'fail') expect(await read(message, sequence)).toBe('E_FUNCTION_FAILED');
    lengths.add(message.length);
  }
  expect(lengths.size).toBe(1);
  hosted.close();
});

test('a message is taken once: repeated in its session, and in another one', async () => {
  const [first, second] = [await connect(), await connect()];
  const message = first.request('once', 0);
  await first.hosted.exchange(Buffer.from(message));
  await expect(first.hosted.exchange(Buffer.from(message))).rejects.toEqual(refusedAs('E_CHANNEL'));
  await expect(second.hosted.exchange(Buffer.from(message))).rejects.toEqual(refusedAs('E_CHANNEL'));
  second.hosted.close();
  first.hosted.close();
});

test('a message that is out of place, changed, or meant to be the last is refused', async () => {
  const { hosted, request } = await connect();
  await expect(hosted.exchange(request('second', 1))).rejects.toEqual(refusedAs('E_CHANNEL'));
  const changed = request('changed', 0);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  await expect(hosted.exchange(changed)).rejects.toEqual(refusedAs('E_CHANNEL'));
  const flagged = request('flagged', 0);
  flagged[0] = 1;
  await expect(hosted.exchange(flagged)).rejects.toEqual(refusedAs('E_CHANNEL'));
  hosted.close();
});

test('nothing follows the last message, and an answer does not pass for another', async () => {
  const { hosted, request, read } = await connect();
  const { message, final } = await hosted.exchange(request('last', 0, { final: true }));
  expect(final).toBe(true);
  await expect(read(Buffer.from(message), 1)).rejects.toEqual(refusedAs('E_CHANNEL'));
  await expect(hosted.exchange(request('more', 1))).rejects.toEqual(refusedAs('E_CHANNEL'));
  hosted.close();
});

test.each<readonly [string, () => string]>([
  ['that ran out', () => tokenOf({ exp: Date.now() / 1000 - 1 })],
  ['for another function', () => tokenOf({ function: '1tJt5jdxKHGYmV8IKhzcZS' })],
  ['for another checksum', () => tokenOf({ checksum: sha256Of('another') })],
  ['of another session', () => tokenOf({ jti: 'another' })],
  ['that somebody else signed', () => tokenOf({}, generateKeyPairSync('ed25519').privateKey)],
  ['of another caller than the runner serves', () => tokenOf({ sub: 'mallory' })],
])('a token %s is refused', async (_which, make) => {
  const first = await connect();
  await first.hosted.exchange(first.request('alice is served', 0));
  first.hosted.close();
  const { hosted, request } = await connect();
  await expect(hosted.exchange(request('hello', 0, { token: make() }))).rejects.toEqual(refusedAs('E_NOT_ALLOWED'));
  hosted.close();
});
