/**
 * The runner: the one program in the sandbox, and the one that is measured. It makes its keys, takes one function for
 * its whole life, and calls it, one input after the other, over its one connection to the host.
 */
import { generateKeyPairSync } from 'node:crypto';
import { decodeFunctionBundle, modelDigests } from '../../crypto/function-bundle.ts';
import type { ErrorFields } from '../../domain/errors.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import { nameFailure } from './failures.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import { InstalledFunction } from './function.ts';
import { hostSocket } from './host-socket.ts';
import type { Reply, Request } from './messages.ts';

// onnxruntime sends reports of its own over the network, unless this is set before it is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';

const [, , FOLDER = '/function', CONNECTION] = process.argv;

type Result = { readonly reply: Unnumbered<Reply>; readonly body?: Buffer };
type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'id'> : never;

const channelKeys = generateKeyPairSync('x25519');
const receiptKeys = generateKeyPairSync('ed25519');
const socket = hostSocket(CONNECTION);
let installed: InstalledFunction | null = null;

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
      return {
        reply: {
          kind: 'identity',
          channelKey: channelKeys.publicKey.export({ format: 'jwk' }).x ?? '',
          receiptKey: receiptKeys.publicKey.export({ format: 'jwk' }).x ?? '',
        },
      };
    case 'install':
      return install(body);
    case 'call':
      return call(body);
  }
}

async function install(body: Buffer): Promise<Result> {
  if (installed) throw new StrongroomError('E_CONFLICT', 'The runner has its function already.');
  const bundle = decodeFunctionBundle(body);
  installed = await InstalledFunction.install(bundle, FOLDER);
  // Only now is the bundle's memory free to go back: a model of 100 MB would otherwise stay twice.
  setImmediate(() => globalThis.gc?.());
  return { reply: { kind: 'installed', checksum: bundle.checksum, models: modelDigests(bundle) } };
}

async function call(body: Buffer): Promise<Result> {
  if (!installed) throw new StrongroomError('E_CONFLICT', 'The runner has no function yet.');
  const began = performance.now();
  const { type, bytes } = await installed.call(body);
  return { reply: { kind: 'answer', type, seconds: (performance.now() - began) / 1000 }, body: bytes };
}

function failed(error: unknown): Result {
  const fields: ErrorFields = toErrorFields(nameFailure(error));
  return { reply: { kind: 'failure', error: fields } };
}
