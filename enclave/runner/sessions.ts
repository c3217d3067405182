/**
 * The sessions of a runner. All that a caller sends arrives sealed and is answered sealed, failures too: the host between
 * them learns lengths and times only. The runner takes each message once in its life, in order, under a token that the
 * platform signed for this function, and it serves one caller only.
 */
import type { RequestHead } from '../../crypto/session/content.ts';
import { decodeRequest, encodeFailure, encodeOutput } from '../../crypto/session/content.ts';
import type { Invocation } from '../../crypto/session/invocation-token.ts';
import { readInvocationToken, refused as notAllowed, tokenKeyOf } from '../../crypto/session/invocation-token.ts';
import type { SessionBinding } from '../../crypto/session/message.ts';
import { openMessage, refused, replayMark, sealMessage } from '../../crypto/session/message.ts';
import type { SaltedDigest } from '../../crypto/receipts/receipt.ts';
import { saltedDigest, signReceipt } from '../../crypto/receipts/receipt.ts';
import type { SealedInput } from '../../crypto/sealed/sealed-input.ts';
import { parseSealedInput } from '../../crypto/sealed/sealed-input.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { parseReleasePolicy } from '../../crypto/session/release-policy.ts';
import { openAwaited, wantedKey } from './awaited-key.ts';
import { nameFailure } from './failures.ts';
import type { Answer } from './function-thread.ts';
import type { OwnKeys } from './keys.ts';
import type { KeyBrought, SessionOpening, WantedKey } from './messages.ts';
import { functionOf, notOwn, readOwnDocument, requireReleasePolicy } from './own-document.ts';
import type { Tenant } from './tenant.ts';

export interface ServedFunction {
  readonly checksum: Sha256;
  /**
   * Calls the function when its turn has come, and zeroes the input. Asked in the same breath in which a question is
   * taken, as turns are in the order of questions.
   */
  call(input: Buffer): Promise<Answer>;
}

/** A request as it was taken. */
interface Asked {
  readonly head: RequestHead;
  /** Of the input as it came, or of the text of the sealed input. */
  readonly digest: SaltedDigest;
  readonly sequence: number;
  readonly final: boolean;
  readonly binding: SessionBinding;
}

export type Step =
  | { readonly kind: 'answer'; readonly message: Buffer; readonly final: boolean }
  | { readonly kind: 'key-wanted'; readonly sequence: number; readonly keyRequest: WantedKey };

interface Session {
  readonly binding: SessionBinding;
  readonly tokenKey: ReturnType<typeof tokenKeyOf>;
  /** Calls with sealed inputs whose keys have not come yet, by their number. */
  readonly parked: Map<number, { readonly asked: Asked; readonly sealed: SealedInput }>;
  /** How many requests it has taken. */
  taken: number;
  ended: boolean;
}

/** A runner is recycled long before it has seen as many; the set must not grow without end. */
const MOST_MESSAGES = 1_000_000;

export class Sessions {
  readonly #keys: OwnKeys;
  readonly #served: ServedFunction;
  readonly #sessions = new Map<number, Session>();
  /** Of every message in the runner's life. */
  readonly #seen = new Set<string>();
  readonly #tenant: Tenant;

  constructor(keys: OwnKeys, served: ServedFunction, tenant: Tenant) {
    this.#keys = keys;
    this.#served = served;
    this.#tenant = tenant;
  }

  /** Fails with `E_ATTESTATION` where the document is not about this runner with the function that it has. */
  open({ session, document: text, functionId, tokenId, releasePolicy }: SessionOpening): void {
    const document = readOwnDocument(Buffer.from(text, 'base64url'), this.#keys);
    if (functionOf(document) !== this.#served.checksum) throw notOwn('It names another function than is here.');
    requireReleasePolicy(document, releasePolicy);
    const binding = {
      documentHash: document.sha256,
      functionId,
      functionChecksum: this.#served.checksum,
      tokenId,
    };
    const tokenKey = tokenKeyOf(parseReleasePolicy(releasePolicy).tokenKey);
    this.#sessions.set(session, { binding, tokenKey, parked: new Map(), taken: 0, ended: false });
  }

  close(session: number): void {
    this.#sessions.delete(session);
  }

  /**
   * The sealed answer to the session's next message, or which key it takes to open the sealed input in it. Fails with
   * `E_CHANNEL` or `E_NOT_ALLOWED` before anything is called.
   */
  async take(id: number, message: Buffer): Promise<Step> {
    const session = this.#sessions.get(id);
    if (!session || session.ended) throw refused();
    this.#takeOnce(message);
    const sequence = session.taken;
    const place = { direction: 'request', sequence } as const;
    const { content, final } = openMessage(this.#keys.channel.privateKey, message, session.binding, place);
    session.taken += 1;
    session.ended = final;
    const { head, body } = decodeRequest(content);
    this.#admit(head, session);
    // The digest is taken here, while the function is at work on the input before.
    const asked = { head, digest: saltedDigest(body), sequence, final, binding: session.binding };
    const given = Buffer.from(body);
    content.fill(0);
    return head.inputKind === 'open' ? this.#answer(asked, () => given) : this.#park(asked, given, session);
  }

  /** The sealed answer to the call that waited for this key. Fails with `E_CHANNEL` where none does. */
  async takeKey({ session: id, sequence, release }: KeyBrought): Promise<Step> {
    const session = this.#sessions.get(id);
    const parked = session?.parked.get(sequence);
    if (!session || !parked) throw refused();
    session.parked.delete(sequence);
    const { asked, sealed } = parked;
    return this.#answer(asked, () => openAwaited(sealed, release, this.#served.checksum, this.#keys));
  }

  async #park(asked: Asked, given: Buffer, session: Session): Promise<Step> {
    try {
      const sealed = parseSealedInput(given.toString('latin1'));
      session.parked.set(asked.sequence, { asked, sealed });
      return { kind: 'key-wanted', sequence: asked.sequence, keyRequest: wantedKey(sealed.keyRequest) };
    } catch (error) {
      return await this.#answer(asked, () => {
        throw error;
      });
    } finally {
      given.fill(0);
    }
  }

  #takeOnce(message: Buffer): void {
    const mark = replayMark(message);
    if (this.#seen.has(mark)) throw refused();
    if (this.#seen.size >= MOST_MESSAGES) {
      throw new StrongroomError('E_RUNNER_RESTARTED', 'The runner has served for long enough.', {
        next: 'Call again.',
      });
    }
    this.#seen.add(mark);
  }

  #admit({ token }: RequestHead, { binding, tokenKey }: Session): void {
    const invocation: Invocation = readInvocationToken(token, tokenKey, new Date());
    const fits =
      invocation.tokenId === binding.tokenId &&
      invocation.functionId === binding.functionId &&
      invocation.functionChecksum === binding.functionChecksum;
    if (!fits) throw notAllowed('It is for another function or session.');
    this.#tenant.admit(invocation.caller);
  }

  async #answer(asked: Asked, input: () => Buffer): Promise<Step> {
    const { head, sequence, final, binding } = asked;
    const answer = await this.#call(asked, input);
    const place = { direction: 'answer', sequence } as const;
    return { kind: 'answer', message: sealMessage(head.answerKey, answer, binding, place, final), final };
  }

  /** What is wrong with an input, or goes wrong with it, is for the caller only. */
  async #call({ head, digest, sequence, binding }: Asked, input: () => Buffer): Promise<Buffer> {
    try {
      const { type, bytes, seconds } = await this.#served.call(input());
      const { receipt, salts } = signReceipt(
        {
          input: digest,
          inputKind: head.inputKind,
          output: saltedDigest(bytes),
          functionChecksum: binding.functionChecksum,
          documentHash: binding.documentHash,
          sequence,
          time: new Date().toISOString(),
        },
        this.#keys.receipt.privateKey,
      );
      const answer = encodeOutput({ kind: 'output', type, seconds, receipt, salts }, bytes);
      bytes.fill(0);
      return answer;
    } catch (error) {
      return encodeFailure(toErrorFields(nameFailure(error)));
    }
  }
}
