/**
 * The runner: the one program in the sandbox, and the one that is measured. It makes its keys, takes one function for
 * its whole life, and calls it, one input after the other, over its one connection to the host.
 */
import type { FunctionBundle } from '../../crypto/function-bundle.ts';
import { decodeFunctionBundle, modelDigests } from '../../crypto/function-bundle.ts';
import type { ErrorFields } from '../../domain/errors.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import { Batches } from './batches.ts';
import { nameFailure } from './failures.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import { InstalledFunction } from './function.ts';
import { hostSocket } from './host-socket.ts';
import { makeKeys } from './keys.ts';
import type { Reply, Request } from './messages.ts';
import { openSealedFunction } from './sealed-function.ts';
import type { Step } from './sessions.ts';
import { Sessions } from './sessions.ts';
import { Tenant } from './tenant.ts';

// onnxruntime sends reports of its own over the network, unless this is set before it is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';

const [, , FOLDER = '/function', CONNECTION] = process.argv;

interface Installed {
  readonly function: InstalledFunction;
  readonly sessions: Sessions;
  readonly batches: Batches;
}
type Result = { readonly reply: Unnumbered<Reply>; readonly body?: Buffer };
type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'id'> : never;
type Asked<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>;

const keys = makeKeys();
const socket = hostSocket(CONNECTION);
let installed: Installed | null = null;

for await (const { header, body } of receiveFrames(socket)) {
  const request = header as Request;
  const { reply, body: answer } = await handle(request, body).catch(failed);
  body.fill(0);
  await sendFrame(socket, { id: request.id, ...reply }, answer);
  answer?.fill(0);
}
process.exit(0);

async function handle(request: Request, body: Buffer): Promise<Result> {
  switch (request.kind) {
    case 'identify':
      return { reply: { kind: 'identity', ...publicKeys() } };
    case 'install':
      return install(decodeFunctionBundle(body));
    case 'install-sealed':
      return installSealed(request, body);
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
      await ready().batches.open(request);
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
  if (installed) throw new StrongroomError('E_CONFLICT', 'The runner has its function already.');
  const own = await InstalledFunction.install(bundle, FOLDER);
  const served = { checksum: bundle.checksum, call: (input: Buffer) => own.call(input) };
  const tenant = new Tenant();
  installed = {
    function: own,
    sessions: new Sessions(keys, served, tenant),
    batches: new Batches(keys, served, tenant),
  };
  // Only now is the bundle's memory free to go back: a model of 100 MB would otherwise stay twice.
  setImmediate(() => globalThis.gc?.());
  return { reply: { kind: 'installed', checksum: bundle.checksum, models: modelDigests(bundle) } };
}

async function installSealed(request: Asked<'install-sealed'>, body: Buffer): Promise<Result> {
  const { bundle, bytes } = await openSealedFunction(body, request, keys);
  try {
    return await install(bundle);
  } finally {
    bytes.fill(0);
  }
}

async function call(body: Buffer): Promise<Result> {
  const began = performance.now();
  const { type, bytes } = await ready().function.call(body);
  return { reply: { kind: 'answer', type, seconds: (performance.now() - began) / 1000 }, body: bytes };
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
