/**
 * The function as the channel's thread has it. It lives on the process's first thread, which a model keeps busy while it
 * runs; the channel asks it by messages, in which bytes change hands and are not copied.
 */
import type { MessagePort } from 'node:worker_threads';
import type { FunctionBundle } from '../../crypto/function-bundle.ts';
import type { ErrorFields } from '../../domain/errors.ts';
import { fromErrorFields } from '../../domain/errors.ts';
import type { OutputType } from '../../domain/function.ts';

export type FunctionQuestion =
  /** The contents are views of one buffer, which is zeroed once they are in place. */
  { readonly kind: 'install'; readonly bundle: FunctionBundle } | { readonly kind: 'call'; readonly input: Uint8Array };

export type FunctionReply =
  | { readonly kind: 'installed' }
  | { readonly kind: 'answer'; readonly type: OutputType; readonly bytes: Uint8Array; readonly seconds: number }
  | { readonly kind: 'failure'; readonly error: ErrorFields };

export interface Answer {
  readonly type: OutputType;
  readonly bytes: Buffer;
  /** Time inside the handler. */
  readonly seconds: number;
}

/** One question at a time: whoever asks awaits the answer before. */
export class FunctionThread {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Hands over the bundle with the buffer that its contents lie in. */
  async install(bundle: FunctionBundle): Promise<void> {
    const buffers = new Set(bundle.files.map(({ content }) => content.buffer as ArrayBuffer));
    await this.#ask({ kind: 'install', bundle }, [...buffers]);
  }

  /** Hands over the input, which is zeroed with the answer. Fails with a named error, whatever the function does. */
  async call(input: Buffer): Promise<Answer> {
    const own = inOwnMemory(input);
    const reply = await this.#ask({ kind: 'call', input: own }, [own.buffer]);
    if (reply.kind !== 'answer') throw new Error('Another answer than asked for.');
    return { type: reply.type, bytes: Buffer.from(reply.bytes.buffer), seconds: reply.seconds };
  }

  async #ask(question: FunctionQuestion, given: ArrayBuffer[]): Promise<FunctionReply> {
    const reply = await new Promise<FunctionReply>((resolve) => {
      this.#port.once('message', resolve);
      this.#port.postMessage(question, given);
    });
    if (reply.kind === 'failure') throw fromErrorFields(reply.error);
    return reply;
  }
}

/** The same bytes in a buffer that holds nothing else, so that it can change hands; a copy's source is zeroed. */
export function inOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, length } = bytes;
  if (length > 0 && buffer.byteLength === length) return new Uint8Array(buffer as ArrayBuffer);
  const own = Uint8Array.from(bytes);
  bytes.fill(0);
  return own;
}
