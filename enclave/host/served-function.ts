/**
 * A deployed function as the platform's enclave serves it to one caller: its runner opens the encrypted bundle by itself,
 * and every session has an attestation document of its own. The host in between sees only what is sealed.
 */
import { sha256Of } from '../../crypto/function-bundle.ts';
import type { HpkeMessage } from '../../crypto/hpke.ts';
import type { ContentKeyRequest } from '../../crypto/sealed/sealed-input.ts';
import { parseSealedBundle } from '../../crypto/sealed/sealed-bundle.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import type { FunctionLimits } from '../../domain/function.ts';
import type { FunctionId, Sha256 } from '../../domain/ids.ts';
import type { RunnerClaims } from '../attestor/attestor.ts';
import type { Release, SealedKey, WantedKey } from '../runner/messages.ts';
import { measureModels } from './measurements.ts';
import type { IdentifiedRunner, Installed, ReadyRunner, RecyclePolicy, RunnerKeys } from './runners.ts';
import { Runners, START_SECONDS } from './runners.ts';
import type { SandboxOptions } from './start-runner.ts';

/** The attestor and the key broker, wherever they run. */
export interface EnclaveServices {
  attest(claims: RunnerClaims): Promise<Uint8Array>;
  /** A nonce of the key broker. */
  brokerNonce(): Promise<Uint8Array>;
  release(document: Uint8Array, keyRequest: ContentKeyRequest): Promise<HpkeMessage>;
}

export interface ServedFunctionOptions extends SandboxOptions {
  readonly functionId: FunctionId;
  readonly checksum: Sha256;
  readonly limits: FunctionLimits;
  /** What runners are told, and measured with; see crypto/session/release-policy.ts. */
  readonly releasePolicy: string;
  readonly policy?: RecyclePolicy;
  /** The encrypted bundle; asked for at each start of a runner. */
  readonly readBundle: () => Promise<Buffer>;
  readonly services: EnclaveServices;
}

export interface HostedSession {
  /** Made for the caller's nonce. */
  readonly document: Uint8Array;
  /** Hands the caller's next message over; answers what the runner sealed for the caller. */
  exchange(message: Uint8Array): Promise<{ readonly message: Buffer; readonly final: boolean }>;
  close(): void;
}

export interface JobTerms {
  /** The caller's, 32 bytes: documents made for it are younger than the job. */
  readonly nonce: Uint8Array;
  /** See crypto/session/job-permit.ts. */
  readonly permit: string;
}

export interface HostedBatch {
  /** Made for the job's nonce; what the answers are bound to. */
  readonly document: Uint8Array;
  /** The answer to the item at a place of the batch, sealed to its caller. Fails as the runner ends. */
  answer(index: number, item: Uint8Array): Promise<Buffer>;
  close(): void;
}

interface Opened<Lent> {
  readonly lent: Lent;
  /** Tells the runner that it is over. */
  end(): Promise<unknown>;
}

const QUICK_SECONDS = 10;
const NOTHING = new Uint8Array();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

const inText = ({ enc, ciphertext }: HpkeMessage): SealedKey => ({ enc: base64(enc), ciphertext: base64(ciphertext) });

let numbered = 0;

export class ServedFunction {
  readonly #options: ServedFunctionOptions;
  readonly #runners: Runners;

  constructor(options: ServedFunctionOptions) {
    this.#options = options;
    this.#runners = new Runners({ ...options, install: (starting) => this.#install(starting) });
  }

  /** Starts a runner where there is none, and says what is in it. Fails as the function does. */
  async start(): Promise<Installed> {
    return this.#runners.current();
  }

  /** Opens a session for a caller's nonce. Fails as a start does, and with `E_ATTESTATION`. */
  async openSession(nonce: Uint8Array, tokenId: string): Promise<HostedSession> {
    return this.#lend(async (ready, close) => {
      const session = ++numbered;
      const document = await this.#attest(ready.keys, nonce, ready.models);
      const { functionId, releasePolicy } = this.#options;
      const question = { kind: 'open-session', session, document: base64(document) } as const;
      const about = { functionId, tokenId, releasePolicy };
      await ready.process.ask({ ...question, ...about }, NOTHING, 'session-opened', QUICK_SECONDS);
      return {
        lent: { document, exchange: (message) => this.#exchange(ready, session, message), close },
        end: () => ready.process.ask({ kind: 'close-session', session }, NOTHING, 'session-closed', QUICK_SECONDS),
      };
    });
  }

  /**
   * Opens a batch of a job by its head, with a document for the job's nonce. Fails as a start does, as the key broker
   * refuses, and with `E_ATTESTATION`, `E_NOT_ALLOWED` or `E_SEALED_INPUT`.
   */
  async openBatch(head: Uint8Array, { nonce, permit }: JobTerms): Promise<HostedBatch> {
    return this.#lend(async (ready, close) => {
      const batch = ++numbered;
      const { process } = ready;
      const document = await this.#attest(ready.keys, nonce, ready.models);
      const { functionId, releasePolicy } = this.#options;
      const opening = { batch, document: base64(document), functionId, releasePolicy, permit };
      const begin = { kind: 'begin-batch', ...opening } as const;
      const { reply } = await process.ask(begin, head, 'batch-key-wanted', QUICK_SECONDS);
      const release = await this.#release(ready, reply.keyRequest);
      await process.ask({ kind: 'open-batch', batch, release }, NOTHING, 'batch-opened', QUICK_SECONDS);
      return {
        lent: { document, answer: (index, item) => this.#answer(ready, batch, index, item), close },
        end: () => process.ask({ kind: 'close-batch', batch }, NOTHING, 'batch-closed', QUICK_SECONDS),
      };
    });
  }

  stop(): Promise<void> {
    return this.#runners.stop();
  }

  /** Keeps a runner in use from when `open` begins until what it opened is closed. */
  #lend<Lent>(open: (ready: ReadyRunner, close: () => void) => Promise<Opened<Lent>>): Promise<Lent> {
    const [opened, closed] = [Promise.withResolvers<Lent>(), Promise.withResolvers<undefined>()];
    const work = async () => {
      const ready = await this.#runners.current();
      const session = await open(ready, () => {
        closed.resolve(undefined);
      });
      opened.resolve(session.lent);
      await closed.promise;
      await session.end().catch(() => undefined);
    };
    this.#runners.use(work).catch(opened.reject);
    return opened.promise;
  }

  async #answer(ready: ReadyRunner, batch: number, index: number, item: Uint8Array): Promise<Buffer> {
    ready.calls++;
    const { seconds } = this.#options.limits;
    return (await ready.process.ask({ kind: 'batch-item', batch, index }, item, 'item-answer', seconds)).body;
  }

  async #exchange(ready: ReadyRunner, session: number, message: Uint8Array) {
    ready.calls++;
    const { seconds } = this.#options.limits;
    const question = { kind: 'session-message', session } as const;
    const told = await ready.process.ask(question, message, ['session-answer', 'key-wanted'], seconds);
    if (told.reply.kind === 'session-answer') return { message: told.body, final: told.reply.final };
    const { sequence, keyRequest } = told.reply;
    const release = await this.#release(ready, keyRequest);
    const brought = { kind: 'session-key', session, sequence, release } as const;
    const { reply, body } = await ready.process.ask(brought, NOTHING, 'session-answer', seconds);
    return { message: body, final: reply.final };
  }

  /** The key of a sealed input, for the runner as it is now. A refusal is for the caller: the runner seals it. */
  async #release(ready: ReadyRunner, { header, enc, wrappedKey }: WantedKey): Promise<Release> {
    const { services } = this.#options;
    try {
      const document = await this.#attest(ready.keys, await services.brokerNonce(), ready.models);
      const keyRequest = { header: fromBase64(header), enc: fromBase64(enc), wrappedKey: fromBase64(wrappedKey) };
      return {
        kind: 'released',
        document: base64(document),
        key: inText(await services.release(document, keyRequest)),
      };
    } catch (error) {
      if (error instanceof StrongroomError) return { kind: 'refused', error: toErrorFields(error) };
      throw error;
    }
  }

  /** The runner proves to the broker what it is, and gets the key of this one bundle, sealed to itself. */
  async #install(starting: Promise<IdentifiedRunner>): Promise<Installed> {
    const { services, checksum } = this.#options;
    const [bundle, { process, keys }] = await Promise.all([this.#options.readBundle(), starting]);
    const document = await this.#attest(keys, await services.brokerNonce(), []);
    const key = await services.release(document, parseSealedBundle(bundle).keyRequest);
    const question = { kind: 'install-sealed', document: base64(document), key: inText(key) } as const;
    const { reply } = await process.ask(question, bundle, 'installed', START_SECONDS);
    if (reply.checksum === checksum) return reply;
    throw new StrongroomError('E_FUNCTION_INVALID', 'The runner has another function than was deployed.');
  }

  #attest({ channelKey, receiptKey }: RunnerKeys, nonce: Uint8Array, models: readonly Sha256[]): Promise<Uint8Array> {
    const { services, checksum, releasePolicy } = this.#options;
    return services.attest({
      channelKey: fromBase64(channelKey),
      receiptKey: fromBase64(receiptKey),
      nonce,
      functionChecksum: checksum,
      models: measureModels(models),
      releasePolicy: sha256Of(releasePolicy),
    });
  }
}
