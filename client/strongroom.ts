/**
 * The library: call confidential functions from TypeScript.
 *
 *     const strongroom = new Strongroom({ apiUrl, token });
 *     await using session = await strongroom.connect('alice/classifier');
 *     const { bytes } = await session.invoke(await readFile('dog.jpeg'));
 */
import type { VerifiedAttestation } from '../crypto/attestation/verify.ts';
import { sealInput } from '../crypto/sealed/sealed-input.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseFunctionRef, type FunctionRef } from '../domain/function-ref.ts';
import type { Handle, Sha256 } from '../domain/ids.ts';
import { heldAgainst } from './functions/changed-enclave.ts';
import { holdLoggedFunction, holdLoggedUserKey } from './functions/public-log.ts';
import { fetchUserKey } from './functions/user-keys.ts';
import { AttestedSession, type FunctionResult } from './functions/session.ts';
import { TrustStore, trustFingerprint, type EnclaveTrust } from './functions/trust.ts';
import type { RequiredWitness } from './functions/witnesses.ts';
import { createPlatformClient, type PlatformClient, type Schema } from './platform.ts';
import { everyItem } from './pages.ts';

export { AttestationError } from '../crypto/attestation/verify.ts';
export { StrongroomError } from '../domain/errors.ts';
export { parseHandle, parseSha256, type Handle, type Sha256 } from '../domain/ids.ts';
export type { AttestationStep, VerifiedAttestation } from '../crypto/attestation/verify.ts';
export type { ReceiptContent } from '../crypto/receipts/receipt.ts';
export type { FunctionResult } from './functions/session.ts';
export type { EnclaveTrust } from './functions/trust.ts';
export type { RequiredWitness } from './functions/witnesses.ts';

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
  /** Whoever must have seen a function or a user's key in the transparency log before it is believed for the first time. */
  readonly witnesses?: readonly RequiredWitness[];
}

export interface ConnectOptions {
  /** The checksum of the one function that may answer; by default the one that the function's id was known by first. */
  readonly checksum?: Sha256;
  readonly signal?: AbortSignal;
}

export interface InvokeOptions {
  readonly signal?: AbortSignal;
}

export interface EncryptOptions {
  /** Whose key the input is sealed to; the caller's own by default. */
  readonly for?: Handle;
  /** The functions that may take it; by default those that the caller has deployed, as they are now. */
  readonly functions?: readonly string[];
  /** After this time it is not opened any more. */
  readonly notAfter?: Date;
  /** The id of the user's key, compared by another way: it may take the place of the one that was known. */
  readonly acceptKey?: Sha256;
}

export interface EncryptedInput {
  /** `strongroom:` and base64url, for `runSealed`. */
  readonly sealed: string;
  readonly user: Handle;
  /** SHA-256 of the user's key: what people compare. */
  readonly keyId: Sha256;
  /** The checksums of the functions that may take it. */
  readonly functions: readonly Sha256[];
  readonly pin: 'first-use' | 'known';
}

export class Strongroom {
  readonly #platform: PlatformClient;
  readonly #store: TrustStore;
  readonly #given: EnclaveTrust | null;

  constructor({ apiUrl, token, trust, witnesses }: StrongroomOptions) {
    this.#platform = createPlatformClient({ baseUrl: apiUrl.replace(/\/+$/, ''), token });
    const file = trust && 'file' in trust ? trust.file : null;
    this.#store = new TrustStore(file, witnesses);
    this.#given = trust && !('file' in trust) ? trust : null;
  }

  /**
   * Opens a session with a function: its id, `owner/name`, `owner/name@version`, or the name of one of your own. The
   * runner is verified first. Fails with an `AttestationError`, whose `steps` say what was checked.
   */
  async connect(ref: string, options: ConnectOptions = {}): Promise<FunctionSession> {
    const found = await this.#find(parseFunctionRef(ref));
    const held = await holdLoggedFunction(this.#platform, this.#store, found);
    const session = new FunctionSession(async (signal) => {
      const { id } = found;
      const ticket = await this.#platform.openSession({ path: { id }, ...(signal && { signal }) });
      const trust = await this.trust();
      const checksum = options.checksum ?? held;
      const apiUrl = this.#platform.baseUrl;
      const start = { apiUrl, ticket, trust, checksum, ...(signal && { signal }) };
      return heldAgainst(trust, this.#platform, () => AttestedSession.begin(start));
    });
    await session.open(options.signal);
    return session;
  }

  /** Calls a function once: connects, invokes, and ends the session. */
  async run(ref: string, input: Uint8Array, options: ConnectOptions = {}): Promise<FunctionResult> {
    await using session = await this.connect(ref, options);
    return await session.invokeLast(input, options);
  }

  /** Calls a function once with a sealed input, the text that `encrypt` gave: whoever sends it need not be able to read it. */
  async runSealed(ref: string, sealed: string, options: ConnectOptions = {}): Promise<FunctionResult> {
    await using session = await this.connect(ref, options);
    return await session.invokeSealed(sealed, options);
  }

  /**
   * Seals `input` to a user (see `EncryptOptions`): only attested runners of the named functions ever open it. Fails with
   * `E_USER_KEY_CHANGED` where the user's key is another one than before, and with `E_SEALED_INPUT`.
   */
  async encrypt(input: Uint8Array, options: EncryptOptions = {}): Promise<EncryptedInput> {
    const user = options.for ?? (await this.#platform.readAccount()).handle;
    const functions = await this.#checksumsOf(options.functions);
    const key = await fetchUserKey(this.#platform, user, await this.trust());
    const pin = await holdLoggedUserKey(this.#platform, this.#store, key, options.acceptKey ?? null);
    const policy = { functions, notAfter: options.notAfter?.toISOString() ?? null };
    return { sealed: sealInput(input, key, policy), user, keyId: key.keyId, functions, pin };
  }

  /** By default what the caller has deployed itself, as it is now. */
  async #checksumsOf(refs: readonly string[] | undefined): Promise<Sha256[]> {
    const functions = refs
      ? await Promise.all(refs.map((ref) => this.#find(parseFunctionRef(ref))))
      : (await everyItem((page) => this.#platform.listFunctions({ query: page }))).filter(
          ({ state }) => state === 'ready',
        );
    if (functions.length === 0) throw noFunction();
    const checksums: Sha256[] = [];
    for (const found of functions) checksums.push(await holdLoggedFunction(this.#platform, this.#store, found));
    return [...new Set(checksums)].sort();
  }

  /** The enclave as it is believed: given, kept, or asked for now and kept from now on. */
  async trust(): Promise<EnclaveTrust> {
    const known = this.#given ?? (await this.#store.enclave());
    if (known) return known;
    const described = await this.#platform.readEnclave();
    await this.#store.holdEnclave(described);
    return described;
  }

  /** The enclave as the platform describes it now; that alone makes nobody believe it. */
  async describedEnclave(): Promise<EnclaveTrust> {
    return this.#platform.readEnclave();
  }

  /**
   * From now on the enclave with this fingerprint is believed instead of the one before. Fails with `E_ATTESTATION` where
   * the platform describes another one.
   */
  async acceptEnclave(fingerprint: Sha256): Promise<EnclaveTrust> {
    const described = await this.describedEnclave();
    const now = trustFingerprint(described);
    if (now !== fingerprint) throw otherEnclave(now);
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

  /** Calls the function with a sealed input; otherwise as `invoke`. */
  async invokeSealed(sealed: string, { signal }: InvokeOptions = {}): Promise<FunctionResult> {
    signal?.throwIfAborted();
    const attested = await this.open(signal);
    const input = Buffer.from(sealed.trim(), 'latin1');
    return attested.call({ input, inputKind: 'sealed', final: false, ...(signal && { signal }) });
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

const otherEnclave = (now: Sha256) =>
  new StrongroomError('E_ATTESTATION', 'The platform describes an enclave with another fingerprint.', {
    why: `It is ${now} now.`,
    next: "Believe none of the two before the platform's operator has told you which one is right.",
  });

const noFunction = () =>
  new StrongroomError('E_SEALED_INPUT', 'It is not said which functions may take the input.', {
    why: 'None was named, and you have deployed none.',
    next: 'Name one: strongroom encrypt FILE --function OWNER/NAME',
  });

export { trustFingerprint };
