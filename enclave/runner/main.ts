/**
 * The runner: the one program in the sandbox, and the one that is measured. It takes one function for its whole life, and
 * calls it, one input after the other. This thread has the function; another one has the keys and the connection to the
 * host (channel.ts), so that the next message is opened while a model, which lets nothing else run beside it, is at work.
 */
import { Worker } from 'node:worker_threads';
import { toErrorFields } from '../../domain/errors.ts';
import { nameFailure } from './failures.ts';
import type { FunctionQuestion, FunctionReply } from './function-thread.ts';
import { inOwnMemory } from './function-thread.ts';
import { InstalledFunction } from './function.ts';
import { keepPrintsFromFrames } from './host-socket.ts';

// onnxruntime sends reports of its own over the network, unless this is set before it is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';

const [, , FOLDER = '/function', CONNECTION] = process.argv;
keepPrintsFromFrames(CONNECTION);

let installed: InstalledFunction | null = null;
const channel = new Worker(new URL('channel.ts', import.meta.url), {
  workerData: CONNECTION,
  // V8 would reserve 512, and all of that would count as the function's data.
  resourceLimits: { codeRangeSizeMb: 32 },
});
// Almost every function has a model, and this thread has nothing to do until the channel has opened the function.
void import('./models.ts').catch(() => undefined);
channel.on('message', (question: FunctionQuestion) => {
  void answer(question)
    .catch((error: unknown): FunctionReply => ({ kind: 'failure', error: toErrorFields(nameFailure(error)) }))
    .then((reply) => {
      channel.postMessage(reply, reply.kind === 'answer' ? [reply.bytes.buffer as ArrayBuffer] : []);
    });
});
// The host hung up, or the channel failed, which ends the process by itself.
channel.once('exit', (code) => {
  process.exit(code);
});

async function answer(question: FunctionQuestion): Promise<FunctionReply> {
  if (question.kind === 'install') return install(question);
  if (!installed) throw new Error('There is no function yet.');
  const began = performance.now();
  const { type, bytes } = await installed.call(Buffer.from(question.input.buffer));
  return { kind: 'answer', type, bytes: inOwnMemory(bytes), seconds: (performance.now() - began) / 1000 };
}

async function install({ bundle }: Extract<FunctionQuestion, { kind: 'install' }>): Promise<FunctionReply> {
  try {
    installed = await InstalledFunction.install(bundle, FOLDER);
  } finally {
    bundle.files.forEach(({ content }) => content.fill(0));
  }
  // Only now is the bundle's memory free to go back: a model of 100 MB would otherwise stay twice.
  setImmediate(() => globalThis.gc?.());
  return { kind: 'installed' };
}
