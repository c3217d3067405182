/**
 * The runner's thread for the host: it makes the keys, opens what arrives, has the function called, and seals the
 * answers. The next message is read and opened while the function is at work on the one before.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionBundle } from '../../crypto/function-bundle.ts';
import { decodeFunctionBundle, modelDigests } from '../../crypto/function-bundle.ts';
import type { ErrorFields } from '../../domain/errors.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import { Batches } from './batches.ts';
import { nameFailure } from './failures.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import type { Answer } from './function-thread.ts';
import { FunctionThread } from './function-thread.ts';
import { hostSocket } from './host-socket.ts';
import { makeKeys } from './keys.ts';
import type { Reply, Request } from './messages.ts';
import { openSealedFunction } from './sealed-function.ts';
import type { Step } from './sessions.ts';
import { Sessions } from './sessions.ts';
import { Tenant } from './tenant.ts';

if (!parentPort) throw new Error('The channel is a thread of the runner.');

interface Installed {
  readonly sessions: Sessions;
  readonly batches: Batches;
}
type Result = { readonly reply: Unnumbered<Reply>; readonly body?: Buffer };
type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'id'> : never;

/** What is larger is not read before the answer to what came before it has left: it could be more than there is memory for. */
const MOST_AHEAD_BYTES = 8 * 1024 * 1024;

const keys = makeKeys();
const socket = hostSocket(workerData as string | undefined);
const thread = new FunctionThread(parentPort);
let taken = false;
let installed: Installed | null = null;
/** The answers to all that was asked until now, in order, on their way to the host. */
let sent: Promise<void> = Promise.resolve();

const room = async (bytes: number) => {
  if (bytes > MOST_AHEAD_BYTES) await sent;
};
for await (const { header, body } of receiveFrames(socket, { room })) {
  const before = sent;
  const request = header as Request;
  const result = handle(request, body).catch(failed);
  // Whatever is still needed of it was opened or copied: the rest of `handle` waits for the function.
  if (body.byteLength > 0) body.fill(0);
  sent = before.then(async () => {
    const { reply, body: answer } = await result;
    await sendFrame(socket, { id: request.id, ...reply }, answer);
    answer?.fill(0);
  });
  // One is with the function, one is ahead.
  await before;
}
await sent;
process.exit(0);

/** The function begins when the answer before has left: if it ends the runner, it is known by which question. */
async function callInTurn(input: Buffer): Promise<Answer> {
  await sent;
  return thread.call(input);
}

async function handle(request: Request, body: Buffer): Promise<Result> {
  switch (request.kind) {
    case 'identify':
      return { reply: { kind: 'identity', ...publicKeys() } };
    case 'install':
      return install(decodeFunctionBundle(body));
    case 'install-sealed':
      return install(openSealedFunction(body, request, keys));
    case 'call':
      return call(body);
    case 'open-session':
      ready().sessions.open(request);
      return { reply: { kind: 'session-opened' } };
    case 'session-message':
      return told(await ready().sessions.take(request.session, body));
    case 'session-key':
      return told(await ready().sessions.takeKey(request));
    case 'close-session':
      ready().sessions.close(request.session);
      return { reply: { kind: 'session-closed' } };
    case 'begin-batch':
      return { reply: { kind: 'batch-key-wanted', keyRequest: ready().batches.begin(request, body) } };
    case 'open-batch':
      ready().batches.open(request);
      return { reply: { kind: 'batch-opened' } };
    case 'batch-item':
      return { reply: { kind: 'item-answer' }, body: await ready().batches.take(request.batch, request.index, body) };
    case 'close-batch':
      ready().batches.close(request.batch);
      return { reply: { kind: 'batch-closed' } };
  }
}

function publicKeys() {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  return { channelKey: base64(keys.channel.publicKey), receiptKey: base64(keys.receipt.publicKey) };
}

async function install(bundle: FunctionBundle): Promise<Result> {
  if (taken) throw new StrongroomError('E_CONFLICT', 'The runner has its function already.');
  taken = true;
  const reply = { kind: 'installed', checksum: bundle.checksum, models: modelDigests(bundle) } as const;
  await thread.install(bundle);
  const served = { checksum: bundle.checksum, call: callInTurn };
  const tenant = new Tenant();
  installed = { sessions: new Sessions(keys, served, tenant), batches: new Batches(keys, served, tenant) };
  // The encrypted bundle is as large as the function.
  setImmediate(() => globalThis.gc?.());
  return { reply };
}

async function call(body: Buffer): Promise<Result> {
  ready();
  const { type, bytes, seconds } = await callInTurn(Buffer.from(body));
  return { reply: { kind: 'answer', type, seconds }, body: bytes };
}

function told(step: Step): Result {
  if (step.kind === 'key-wanted') return { reply: step };
  return { reply: { kind: 'session-answer', final: step.final }, body: step.message };
}

function ready() {
  if (installed) return installed;
  throw new StrongroomError('E_CONFLICT', 'The runner has no function yet.');
}

function failed(error: unknown): Result {
  const fields: ErrorFields = toErrorFields(nameFailure(error));
  return { reply: { kind: 'failure', error: fields } };
}
