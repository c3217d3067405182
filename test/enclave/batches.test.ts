/** Batches of a job, and what a host that keeps inputs and answers could try with them. */
import { randomBytes, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyAttestation } from '../../crypto/attestation/verify.ts';
import { generateHpkeKeyPair, type HpkeKeyPair } from '../../crypto/hpke.ts';
import { openItemAnswer, sealItemAnswer, type ItemOutcome } from '../../crypto/sealed/item-answer.ts';
import { itemDigest, MOST_HEAD_BYTES, parseBatchHead, sealBatch } from '../../crypto/sealed/sealed-batch.ts';
import { parseHandle, type Sha256 } from '../../domain/ids.ts';
import { JOB_PERMIT_HEADER } from '../../domain/invocation-token.ts';
import { BATCH } from '../../domain/job.ts';
import type { HostedBatch } from '../../enclave/host/served-function.ts';
import { generateKeyPairSync } from 'node:crypto';
import { FUNCTION_ID, serveInTest, type EnclaveOfTest } from './enclave-of-test.ts';
import { makeFunction } from './functions.ts';

const alice = parseHandle('alice');
const soon = () => new Date(Date.now() + 60_000).toISOString();
const bundle = makeFunction({
  body: "if (text === 'fail') throw new Error('secret'); if (text === 'end') process.exit(1); return text;",
});

let enclave: EnclaveOfTest;
let answerKeys: HpkeKeyPair;
beforeAll(async () => {
  [enclave, answerKeys] = [await serveInTest(bundle), generateHpkeKeyPair()];
});
afterAll(async () => {
  await enclave[Symbol.asyncDispose]();
});

const nonce = new Uint8Array(randomBytes(32));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

function permitOf(claims: Readonly<Record<string, unknown>> = {}, key = enclave.platformKey): string {
  const { checksum } = enclave;
  const answer = base64(answerKeys.publicKey);
  const all = { sub: alice, function: FUNCTION_ID, checksum, answer, exp: Date.now() / 1000 + 60, ...claims };
  const content = `${JOB_PERMIT_HEADER}.${base64(Buffer.from(JSON.stringify(all)))}`;
  return `${content}.${base64(sign(null, Buffer.from(content), key))}`;
}

interface Sealed {
  readonly head: Buffer;
  readonly items: readonly Buffer[];
}

async function seal(texts: readonly string[], { user = alice, checksum = enclave.checksum, notAfter = soon() } = {}) {
  const inputs = texts.map((text) => Buffer.from(text));
  const terms = { functionChecksum: checksum, notAfter, answerKey: answerKeys.publicKey };
  const { bytes } = sealBatch(inputs, await enclave.userKey(user), terms);
  return cut(bytes);
}

function cut(bytes: Buffer): Sealed {
  const { items } = parseBatchHead(bytes);
  const cutItems = items.map(({ start, length }) => bytes.subarray(start, start + length));
  return { head: bytes.subarray(0, items[0]?.start), items: cutItems };
}

const open = (head: Buffer, permit = permitOf()) => enclave.served.openBatch(head, { nonce, permit });

function verified({ document }: HostedBatch) {
  return verifyAttestation(document, {
    accept: ['software'],
    roots: [{ tee: 'software', certificate: enclave.root }],
    at: new Date().toISOString(),
    nonce: Buffer.from(nonce).toString('hex'),
    maxAgeSeconds: 60,
    registers: { 0: [enclave.measured.runnerImage], 1: [enclave.measured.sandbox] },
    functionChecksum: enclave.checksum,
    channelKey: null,
  });
}

async function read(batch: HostedBatch, answer: Buffer, item: Sha256, index: number): Promise<ItemOutcome> {
  const { documentHash, receiptKey } = verified(batch);
  const binding = { functionChecksum: enclave.checksum, documentHash, item, index };
  return openItemAnswer(answer, binding, answerKeys, receiptKey ?? new Uint8Array()).outcome;
}

const textOf = (outcome: ItemOutcome): unknown =>
  outcome.kind === 'failure' ? outcome.error.code : JSON.parse(outcome.bytes.toString());

const refusedAs = (code: string) => expect.objectContaining({ code });

describe('a batch', () => {
  test('is answered item by item, each sealed to its caller; what is wrong with one is told to the caller alone', async () => {
    const { head, items } = await seal(['one', 'fail', 'three']);
    const batch = await open(head);
    const answers = await Promise.all(items.map((item, index) => batch.answer(index, item)));
    const outcomes = await Promise.all(
      answers.map((answer, index) => read(batch, answer, itemDigest(items[index] ?? Buffer.alloc(0)), index)),
    );
    expect(outcomes.map(textOf)).toEqual(['one', 'E_FUNCTION_FAILED', 'three']);
    expect(new Set(answers.map(({ length }) => length)).size).toBe(1);
    expect(JSON.stringify(outcomes[1])).not.toContain('secret');
    batch.close();
  });

  test('holds as many items as are allowed in a head that is read at once', async () => {
    const { head } = await seal(Array.from({ length: BATCH.items }, () => 'x'));
    expect(head.length).toBeLessThanOrEqual(MOST_HEAD_BYTES);
  });

  test('whose runner ended is opened by the next one, with a document of its own', async () => {
    const { head, items } = await seal(['end', 'two']);
    const [first, second] = items as readonly [Buffer, Buffer];
    const ended = await open(head);
    await expect(ended.answer(0, first)).rejects.toEqual(refusedAs('E_FUNCTION_CRASHED'));
    await expect(ended.answer(1, second)).rejects.toEqual(refusedAs('E_RUNNER_RESTARTED'));
    ended.close();
    const again = await open(head);
    expect(textOf(await read(again, await again.answer(1, second), itemDigest(second), 1))).toBe('two');
    expect(verified(again).documentHash).not.toBe(verified(ended).documentHash);
    again.close();
  });
});

describe('a host that keeps a batch', () => {
  test('cannot have it answered to a key of its own', async () => {
    const { head, items } = await seal(['one']);
    const own = generateHpkeKeyPair();
    const changed = Buffer.from(head);
    changed.set(own.publicKey, head.indexOf(Buffer.from(answerKeys.publicKey)));
    await expect(open(changed)).rejects.toEqual(refusedAs('E_NOT_ALLOWED'));
    // Even with a permit for its key: items are bound to the caller's.
    const batch = await open(changed, permitOf({ answer: base64(own.publicKey) }));
    const answer = await batch.answer(0, items[0] ?? Buffer.alloc(0));
    const { documentHash, receiptKey } = verified(batch);
    const binding = {
      functionChecksum: enclave.checksum,
      documentHash,
      item: itemDigest(items[0] ?? Buffer.alloc(0)),
      index: 0,
    };
    const { outcome } = openItemAnswer(answer, binding, own, receiptKey ?? new Uint8Array());
    expect(textOf(outcome)).toBe('E_SEALED_INPUT');
    batch.close();
  });

  test('cannot change an item, or put it in the place of another', async () => {
    const { head, items } = await seal(['one', 'two']);
    const [first, second] = items as readonly [Buffer, Buffer];
    const batch = await open(head);
    const changed = Buffer.from(first);
    changed[0] = (changed[0] ?? 0) ^ 1;
    for (const [index, item] of [
      [0, changed],
      [0, second],
      [1, first],
    ] as const) {
      const outcome = await read(batch, await batch.answer(index, item), itemDigest(item), index);
      expect(textOf(outcome)).toBe('E_SEALED_INPUT');
    }
    batch.close();
  });

  test('cannot give one answer for another, nor make one up', async () => {
    const { head, items } = await seal(['one', 'two']);
    const [first, second] = items as readonly [Buffer, Buffer];
    const batch = await open(head);
    const answer = await batch.answer(0, first);
    await expect(read(batch, answer, itemDigest(second), 1)).rejects.toEqual(refusedAs('E_CHANNEL'));
    const binding = {
      functionChecksum: enclave.checksum,
      documentHash: verified(batch).documentHash,
      item: itemDigest(second),
      index: 1,
    };
    const { privateKey } = generateKeyPairSync('ed25519');
    for (const outcome of [
      { kind: 'output', type: 'json', bytes: Buffer.from('"made up"'), seconds: 0 },
      { kind: 'failure', error: { code: 'E_INPUT_INVALID', message: 'made up' } },
    ] satisfies ItemOutcome[]) {
      const made = sealItemAnswer(outcome, binding, answerKeys.publicKey, privateKey);
      await expect(read(batch, made, itemDigest(second), 1)).rejects.toEqual(refusedAs('E_RECEIPT'));
    }
    batch.close();
  });

  test.each<readonly [string, () => Promise<readonly [Buffer, string]>, string]>([
    [
      'that is for another function',
      async () => [(await seal(['x'], { checksum: otherChecksum })).head, permitOf()],
      'E_NOT_ALLOWED',
    ],
    ['that is too old', async () => [(await seal(['x'], { notAfter: past })).head, permitOf()], 'E_NOT_ALLOWED'],
    [
      'of another user than permitted',
      async () => [(await seal(['x'], { user: parseHandle('mallory') })).head, permitOf()],
      'E_NOT_ALLOWED',
    ],
    [
      'of a user whom the runner does not serve',
      async () => [(await seal(['x'], { user: parseHandle('mallory') })).head, permitOf({ sub: 'mallory' })],
      'E_NOT_ALLOWED',
    ],
    ['with a permit that ran out', async () => [(await seal(['x'])).head, permitOf({ exp: 1 })], 'E_NOT_ALLOWED'],
    [
      'with a permit for another function',
      async () => [(await seal(['x'])).head, permitOf({ function: '1tJt5jdxKHGYmV8IKhzcZS' })],
      'E_NOT_ALLOWED',
    ],
    [
      'with a permit that somebody else signed',
      async () => [(await seal(['x'])).head, permitOf({}, generateKeyPairSync('ed25519').privateKey)],
      'E_NOT_ALLOWED',
    ],
    ['whose key was changed', async () => [changedAt((await seal(['x'])).head, -80), permitOf()], 'E_SEALED_INPUT'],
    ['that is cut off', async () => [(await seal(['x'])).head.subarray(0, -2), permitOf()], 'E_SEALED_INPUT'],
  ])('has no runner open one %s', async (_which, make, code) => {
    // So that the runner has a tenant.
    (await open((await seal(['first'])).head)).close();
    const [head, permit] = await make();
    await expect(open(head, permit)).rejects.toEqual(refusedAs(code));
  });
});

const otherChecksum = 'd'.repeat(64) as Sha256;
const past = new Date(Date.now() - 1000).toISOString();

/** One bit elsewhere, `at` bytes from the end of the head: in the wrapped key. */
function changedAt(head: Buffer, at: number): Buffer {
  const changed = Buffer.from(head);
  changed[head.length + at] = (changed.at(at) ?? 0) ^ 1;
  return changed;
}
