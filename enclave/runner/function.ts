/** A function inside its runner: its files in the sandbox's memory, its models loaded, its handler called. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionBundle } from '../../crypto/function-bundle.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionConfig, OutputType } from '../../domain/function.ts';
import { checkInputLength } from '../../domain/function.ts';
import { nameFailure } from './failures.ts';
import type { Model } from './models.ts';
import type { Picture, PictureWish } from './pictures.ts';

/** What a handler gets beside its input. What `picture` and `floats` give is zeroed, as the input is, when it has answered. */
export interface Context {
  /** A model of `function.yaml`, by its path: loaded once, before the first call. */
  model(path: string): Model;
  /** The input, or another picture, as numbers. Fails with `E_INPUT_INVALID`. */
  picture(input: Uint8Array, wish: PictureWish): Promise<Picture>;
  /** `count` numbers (float32, little-endian). Fails with `E_INPUT_INVALID` on another length, NaN and infinity. */
  floats(input: Uint8Array, count: number): Float32Array;
}

type Handler = (input: Uint8Array, context: Context) => unknown;

export interface HandlerAnswer {
  readonly type: OutputType;
  readonly bytes: Buffer;
}

export class InstalledFunction {
  readonly #config: FunctionConfig;
  readonly #handle: Handler;
  readonly #context: Context;
  /** What the context made of the input of this call; zeroed with it. */
  readonly #lent: (Uint8Array | Float32Array)[] = [];

  private constructor(config: FunctionConfig, handle: Handler, models: ReadonlyMap<string, Model>) {
    this.#config = config;
    this.#handle = handle;
    this.#context = contextOf(models, this.#lent);
  }

  /** Writes the files (models stay in memory), loads the models, imports the entry. `folder` is a tmpfs. */
  static async install(bundle: FunctionBundle, folder: string): Promise<InstalledFunction> {
    const { config } = bundle;
    const models = new Map<string, Model>();
    for (const { path, mode, content } of bundle.files) {
      if (config.models.includes(path)) {
        // By then it is loaded (see main.ts); not with this file, as the telemetry is turned off first.
        const { loadModel } = await import('./models.ts');
        models.set(path, await loadModel(content, path, config.limits.threads));
      } else {
        const file = join(folder, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
        await chmod(file, mode === '0755' ? 0o555 : 0o444);
      }
    }
    process.chdir(folder);
    return new InstalledFunction(config, await importHandler(join(folder, config.entry)), models);
  }

  /** Calls the handler, and zeroes `input` and what the context made of it. Fails with a named error, whatever the function does. */
  async call(input: Buffer): Promise<HandlerAnswer> {
    try {
      this.#checkInput(input);
      return this.#answerOf(await this.#handle(input, this.#context));
    } catch (error) {
      throw nameFailure(error);
    } finally {
      input.fill(0);
      this.#lent.splice(0).forEach((numbers) => numbers.fill(0));
    }
  }

  #checkInput(input: Buffer): void {
    const { type } = this.#config.input;
    checkInputLength(input.length, this.#config.input);
    if (type === 'tensor' && (input.length === 0 || input.length % 4 !== 0)) {
      throw inputInvalid('It is no list of float32 numbers: its length is no multiple of four.');
    }
    if (type === 'json' && !isJson(input)) throw inputInvalid('It is no JSON.');
  }

  #answerOf(value: unknown): HandlerAnswer {
    const { type } = this.#config.output;
    const bytes = encodeAnswer(value, type);
    if (bytes !== null) return { type, bytes };
    throw new StrongroomError('E_FUNCTION_FAILED', 'The function answered something else than it promised.', {
      why: `Its output type is ${type}.`,
      next: 'Return what output.type in function.yaml says.',
    });
  }
}

function encodeAnswer(value: unknown, type: OutputType): Buffer | null {
  if (type === 'bytes') return value instanceof Uint8Array ? Buffer.from(value) : null;
  if (type === 'text') return typeof value === 'string' ? Buffer.from(value) : null;
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? null : Buffer.from(text);
}

async function importHandler(file: string): Promise<Handler> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const named = nameFailure(error);
    if (named.code !== 'E_FUNCTION_FAILED') throw named;
    throw new StrongroomError('E_FUNCTION_INVALID', 'The entry of the function cannot be loaded.', {
      why: error instanceof Error ? error.message : 'It threw something that is no error.',
    });
  }
  if (typeof module.handle === 'function') return module.handle as Handler;
  throw new StrongroomError('E_FUNCTION_INVALID', 'The entry of the function exports no handle().', {
    next: 'Write: export async function handle(input, context) { … }',
  });
}

const contextOf = (models: ReadonlyMap<string, Model>, lent: (Uint8Array | Float32Array)[]): Context => ({
  model(path) {
    const model = models.get(path);
    if (model) return model;
    throw new StrongroomError('E_FUNCTION_FAILED', `The function has no model ${JSON.stringify(path)}.`, {
      next: 'Name it under models in function.yaml.',
    });
  },
  async picture(input, wish) {
    const { decodePicture } = await import('./pictures.ts');
    const picture = await decodePicture(input, wish);
    lent.push(picture.pixels);
    return picture;
  },
  floats(input, count) {
    const numbers = floats(input, count);
    lent.push(numbers);
    return numbers;
  },
});

function floats(input: Uint8Array, count: number): Float32Array {
  if (input.length !== count * 4) {
    throw inputInvalid(`It has ${input.length} bytes, where ${count} numbers of four bytes are expected.`);
  }
  // A copy of its own: the input lies somewhere in a larger buffer, where numbers of four bytes may not begin.
  const numbers = new Float32Array(new Uint8Array(input).buffer);
  if (allFinite(numbers)) return numbers;
  throw inputInvalid('It has a number that is not finite.');
}

/** Looks at the exponents: ten times as quick as a call for each number. */
function allFinite(numbers: Float32Array): boolean {
  const bits = new Uint32Array(numbers.buffer);
  for (let at = 0; at < bits.length; at += 1) {
    if (((bits[at] ?? 0) & 0x7f800000) === 0x7f800000) return false;
  }
  return true;
}

function isJson(input: Buffer): boolean {
  try {
    JSON.parse(input.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

const inputInvalid = (why: string) =>
  new StrongroomError('E_INPUT_INVALID', 'The function cannot take this input.', { why });
