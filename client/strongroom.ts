/**
 * The library: call confidential functions from TypeScript.
 *
 *     const strongroom = new Strongroom({ apiUrl, token });
 *     await using session = await strongroom.connect('alice/classifier');
 *     const { bytes } = await session.invoke(await readFile('dog.jpeg'));
 */
import type { VerifiedAttestation } from '../crypto/attestation/verify.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseFunctionRef, type FunctionRef } from '../domain/function-ref.ts';
import type { Sha256 } from '../domain/ids.ts';
import { AttestedSession, type FunctionResult } from './functions/session.ts';
import { TrustStore, trustFingerprint, type EnclaveTrust } from './functions/trust.ts';
import { createPlatformClient, type PlatformClient, type Schema } from './platform.ts';

export { AttestationError } from '../crypto/attestation/verify.ts';
export { StrongroomError } from '../domain/errors.ts';
export type { FunctionResult } from './functions/session.ts';
export type { EnclaveTrust } from './functions/trust.ts';

export interface StrongroomOptions {
  /** The platform's address, for instance `https://platform.example.org`. */
  readonly apiUrl: string;
  /** A personal access token: `strongroom token create`. */
  readonly token: string;
  /**
   * Whom to believe: the enclave's root and registers, or a file in which they are kept from first use on. Left out, they
   * are believed on first use and kept in memory, which protects against changes from then on only.
   */
  readonly trust?: EnclaveTrust | { readonly file: string };
}

export interface ConnectOptions {
  /** The checksum of the one function that may answer; by default the one that the function's id was known by first. */
  readonly checksum?: Sha256;
  readonly signal?: AbortSignal;
}

export interface InvokeOptions {
  readonly signal?: AbortSignal;
}

export class Strongroom {
  readonly #platform: PlatformClient;
  readonly #store: TrustStore;
  readonly #given: EnclaveTrust | null;

  constructor({ apiUrl, token, trust }: StrongroomOptions) {
    this.#platform = createPlatformClient({ baseUrl: apiUrl.replace(/\/+$/, ''), token });
    const file = trust && 'file' in trust ? trust.file : null;
    this.#store = new TrustStore(file);
    this.#given = trust && !('file' in trust) ? trust : null;
  }

  /**
   * Opens a session with a function: its id, `owner/name`, `owner/name@version`, or the name of one of your own. The
   * runner is verified first. Fails with an `AttestationError`, whose `steps` say what was checked.
   */
  async connect(ref: string, options: ConnectOptions = {}): Promise<FunctionSession> {
    const found = await this.#find(parseFunctionRef(ref));
    const held = await this.#store.holdFunction(found.id, found.checksum);
    const session = new FunctionSession(async (signal) => {
      const { id } = found;
      const ticket = await this.#platform.openSession({ path: { id }, ...(signal && { signal }) });
      const trust = await this.trust();
      const checksum = options.checksum ?? held;
      const apiUrl = this.#platform.baseUrl;
      return AttestedSession.begin({ apiUrl, ticket, trust, checksum, ...(signal && { signal }) });
    });
    await session.open(options.signal);
    return session;
  }

  /** Calls a function once: connects, invokes, and ends the session. */
  async run(ref: string, input: Uint8Array, options: ConnectOptions = {}): Promise<FunctionResult> {
    await using session = await this.connect(ref, options);
    return await session.invokeLast(input, options);
  }

  /** The enclave as it is believed: given, kept, or asked for now and kept from now on. */
  async trust(): Promise<EnclaveTrust> {
    const known = this.#given ?? (await this.#store.enclave());
    if (known) return known;
    const described = await this.#platform.readEnclave();
    await this.#store.holdEnclave(described);
    return described;
  }

  async #find(ref: FunctionRef): Promise<Schema<'DeployedFunction'>> {
    if (ref.kind === 'id') return this.#platform.readFunction({ path: { id: ref.id } });
    const owner = ref.owner ?? (await this.#platform.readAccount()).handle;
    const query = ref.version === null ? {} : { version: String(ref.version) };
    return this.#platform.readFunctionByName({ path: { owner, name: ref.name }, query });
  }
}

/** A session with a function. Ends with `close()`, or at the end of an `await using` block. */
export class FunctionSession implements AsyncDisposable {
  readonly #begin: (signal?: AbortSignal) => Promise<AttestedSession>;
  #current: Promise<AttestedSession> | null = null;
  #attested: AttestedSession | null = null;
  #closed = false;

  /** @internal */
  constructor(begin: (signal?: AbortSignal) => Promise<AttestedSession>) {
    this.#begin = begin;
  }

  /** What the runner proved, step by step. */
  get attestation(): VerifiedAttestation {
    return this.#verified().attestation;
  }

  /** The attestation document as the runner showed it. */
  get document(): Buffer {
    return this.#verified().document;
  }

  /**
   * Calls the function with `input`. Calls at once are answered in order. Where the session has ended meanwhile another
   * one is begun, verified anew. Fails with the function's own named error, or `E_CHANNEL`, `E_RECEIPT`, `E_ATTESTATION`.
   */
  async invoke(input: Uint8Array, { signal }: InvokeOptions = {}): Promise<FunctionResult> {
    signal?.throwIfAborted();
    const attested = await this.open(signal);
    return attested.call({ input, inputKind: 'open', final: false, ...(signal && { signal }) });
  }

  /** The session's last call; the runner vouches that nothing followed it. */
  async invokeLast(input: Uint8Array, { signal }: InvokeOptions = {}): Promise<FunctionResult> {
    signal?.throwIfAborted();
    const attested = await this.open(signal);
    return attested.call({ input, inputKind: 'open', final: true, ...(signal && { signal }) });
  }

  /** @internal A session that takes a call; begun where the last one has ended. */
  async open(signal?: AbortSignal): Promise<AttestedSession> {
    if (this.#closed) throw new StrongroomError('E_CONFLICT', 'The session was closed.', { next: 'Connect again.' });
    const tried = this.#current;
    const current = await tried?.catch(() => null);
    if (current?.usable) return current;
    // Somebody else has begun another one meanwhile.
    if (tried !== this.#current) return this.open(signal);
    current?.close();
    this.#current = this.#begin(signal);
    this.#attested = await this.#current;
    return this.#attested;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#attested?.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #verified(): AttestedSession {
    if (this.#attested) return this.#attested;
    throw new StrongroomError('E_CONFLICT', 'The session has not begun.');
  }
}

export { trustFingerprint };
