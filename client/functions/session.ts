/**
 * A session with a function, as its caller holds it. Before anything but a ticket and a nonce is sent, the runner has
 * proved what it is; then every input is sealed to it, every answer opened only here and held against its receipt.
 */
import { randomBytes } from 'node:crypto';
import type { HpkeKeyPair } from '../../crypto/hpke.ts';
import { generateHpkeKeyPair } from '../../crypto/hpke.ts';
import { verifyAttestation, type VerifiedAttestation } from '../../crypto/attestation/verify.ts';
import { verifyReceipt, type InputKind, type ReceiptContent } from '../../crypto/receipts/receipt.ts';
import { decodeAnswer, encodeRequest } from '../../crypto/session/content.ts';
import { openMessage, sealMessage, type SessionBinding } from '../../crypto/session/message.ts';
import { fromErrorFields, StrongroomError } from '../../domain/errors.ts';
import { checkInputLength, type OutputType } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { Schema } from '../platform.ts';
import { Connection } from './connection.ts';
import { demandsOf, type EnclaveTrust } from './trust.ts';

export interface FunctionResult {
  readonly type: OutputType;
  readonly bytes: Buffer;
  /** Time inside the function, as the runner says. */
  readonly seconds: number;
  /** Signed by the runner, and checked against what was sent and what came. */
  readonly receipt: { readonly signed: Uint8Array; readonly content: ReceiptContent };
}

export interface SessionStart {
  readonly apiUrl: string;
  readonly ticket: Schema<'SessionTicket'>;
  readonly trust: EnclaveTrust;
  /** The one function that may answer. */
  readonly checksum: Sha256;
  readonly signal?: AbortSignal;
}

export interface Call {
  readonly input: Uint8Array;
  readonly inputKind: InputKind;
  /** Whether it is the session's last one. */
  readonly final: boolean;
  readonly signal?: AbortSignal;
}

const NONCE_BYTES = 32;
/** Before the token ends another session is begun, so that no call meets its end. */
const EARLY_MS = 30_000;

export class AttestedSession {
  readonly attestation: VerifiedAttestation;
  /** As the runner showed it. */
  readonly document: Buffer;
  readonly #connection: Connection;
  readonly #start: SessionStart;
  readonly #binding: SessionBinding;
  readonly #channelKey: Uint8Array;
  readonly #receiptKey: Uint8Array;
  readonly #answerKeys: HpkeKeyPair;
  #asked = 0;
  #finished = false;
  /** Requests leave, and answers are taken, in order. */
  #sending: Promise<void> = Promise.resolve();

  private constructor(connection: Connection, start: SessionStart, document: Buffer, verified: Verified) {
    this.#connection = connection;
    this.#start = start;
    this.document = document;
    this.attestation = verified.attestation;
    this.#channelKey = verified.channelKey;
    this.#receiptKey = verified.receiptKey;
    this.#answerKeys = verified.answerKeys;
    this.#binding = {
      documentHash: verified.attestation.documentHash,
      functionId: start.ticket.function.id,
      functionChecksum: start.checksum,
      tokenId: start.ticket.tokenId,
    };
  }

  /** Connects, and verifies the runner. Fails with `E_ATTESTATION` (an `AttestationError`) before anything secret is sent. */
  static async begin(start: SessionStart): Promise<AttestedSession> {
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
    const hello = { ticket: start.ticket.ticket, nonce: Buffer.from(nonce).toString('base64url') };
    const connection = await Connection.open(start.apiUrl, hello, start.signal);
    try {
      const document = await connection.receive(start.signal);
      const demands = {
        ...demandsOf(start.trust, 'runner', nonce),
        functionChecksum: start.checksum,
        channelKey: null,
      };
      const attestation = verifyAttestation(document, demands);
      const { channelKey, receiptKey } = attestation;
      if (!channelKey || !receiptKey) throw noKeys();
      const answerKeys = generateHpkeKeyPair();
      return new AttestedSession(connection, start, document, { attestation, channelKey, receiptKey, answerKeys });
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether it takes another call. */
  get usable(): boolean {
    const ends = Date.parse(this.#start.ticket.expiresAt);
    return !this.#finished && !this.#connection.ended && Date.now() < ends - EARLY_MS;
  }

  /** Calls the function. Several calls at once are answered in order. */
  async call({ input, inputKind, final, signal }: Call): Promise<FunctionResult> {
    if (inputKind === 'open') checkInputLength(input.length, this.#start.ticket.function.input);
    const sequence = this.#asked++;
    this.#finished ||= final;
    const sent = this.#sending.then(() => this.#send(input, inputKind, sequence, final));
    // What was asked is awaited in the same order, so each answer finds its own question.
    const answer = sent.then(() => this.#connection.receive(signal));
    this.#sending = sent;
    return this.#open(await answer, { input, inputKind, sequence, final });
  }

  close(): void {
    this.#finished = true;
    this.#connection.close();
  }

  async #send(input: Uint8Array, inputKind: InputKind, sequence: number, final: boolean): Promise<void> {
    const head = { token: this.#start.ticket.token, answerKey: this.#answerKeys.publicKey, inputKind };
    const place = { direction: 'request', sequence } as const;
    const content = encodeRequest(head, input);
    this.#connection.send(sealMessage(this.#channelKey, content, this.#binding, place, final));
  }

  async #open(message: Buffer, asked: Omit<Call, 'signal'> & { readonly sequence: number }): Promise<FunctionResult> {
    const place = { direction: 'answer', sequence: asked.sequence } as const;
    const opened = openMessage(this.#answerKeys.privateKey, message, this.#binding, place);
    if (opened.final !== asked.final) throw wrongEnd();
    const { head, body } = decodeAnswer(opened.content);
    if (head.kind === 'failure') throw fromErrorFields(head.error);
    const content = verifyReceipt(head.receipt, {
      receiptKey: this.#receiptKey,
      documentHash: this.#binding.documentHash,
      functionChecksum: this.#binding.functionChecksum,
      input: asked.input,
      inputKind: asked.inputKind,
      output: body,
      salts: head.salts,
    });
    if (content.sequence !== asked.sequence) throw otherReceipt();
    return { type: head.type, bytes: body, seconds: head.seconds, receipt: { signed: head.receipt, content } };
  }
}

interface Verified {
  readonly attestation: VerifiedAttestation;
  readonly channelKey: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly answerKeys: HpkeKeyPair;
}

const noKeys = () =>
  new StrongroomError('E_ATTESTATION', 'The runner shows no keys of its own.', {
    why: 'Without a channel key and a receipt key nothing can be sealed to it or checked.',
  });

const wrongEnd = () =>
  new StrongroomError('E_CHANNEL', 'The session ended elsewhere than it should.', { next: 'Begin a new session.' });

const otherReceipt = () =>
  new StrongroomError('E_RECEIPT', 'The receipt is refused.', {
    why: 'It is for another call of the session.',
    next: 'Do not rely on the answer that came with it.',
  });
