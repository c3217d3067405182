/** What the host asks of a runner and what it is answered; the bytes travel beside it (see frames.ts). */
import type { ErrorFields } from '../../domain/errors.ts';
import type { OutputType } from '../../domain/function.ts';
import type { FunctionId, Sha256 } from '../../domain/ids.ts';

export type Request = { readonly id: number } &
  /** Which keys did you make? */
  (
    | { readonly kind: 'identify' }
    /** Take the function in the body, for good. */
    | { readonly kind: 'install' }
    /** Take the encrypted function in the body, with the key that the broker released for this document. */
    | { readonly kind: 'install-sealed'; readonly document: string; readonly key: SealedKey }
    /** Call the function with the body as it is. */
    | { readonly kind: 'call' }
    /** Begin a session with a caller who was shown this document. */
    | ({ readonly kind: 'open-session' } & SessionOpening)
    /** Take the caller's next message, which is the body. */
    | { readonly kind: 'session-message'; readonly session: number }
    /** What came of asking for the key of the session's sealed input with this number. */
    | ({ readonly kind: 'session-key' } & KeyBrought)
    | { readonly kind: 'close-session'; readonly session: number }
    /** Begin a batch of a job, whose head is the body. */
    | ({ readonly kind: 'begin-batch' } & BatchOpening)
    /** What came of asking for the key of the batch. */
    | ({ readonly kind: 'open-batch' } & BatchKeyBrought)
    /** Answer the item at this place of the batch, which is the body. */
    | { readonly kind: 'batch-item'; readonly batch: number; readonly index: number }
    | { readonly kind: 'close-batch'; readonly batch: number }
  );

/** In base64url, as everything here that is not text. */
export interface SealedKey {
  readonly enc: string;
  readonly ciphertext: string;
}

/** The key with the document that it was released for, or why there is none. */
export type Release =
  | { readonly kind: 'released'; readonly document: string; readonly key: SealedKey }
  | { readonly kind: 'refused'; readonly error: ErrorFields };

export interface KeyBrought {
  readonly session: number;
  readonly sequence: number;
  readonly release: Release;
}

/** What the key broker must know to release the key of a sealed input; nothing of the input is in it. */
export interface WantedKey {
  readonly header: string;
  readonly enc: string;
  readonly wrappedKey: string;
}

export interface SessionOpening {
  readonly session: number;
  readonly document: string;
  readonly functionId: FunctionId;
  readonly tokenId: string;
  /** What the register of the release policy is the digest of. */
  readonly releasePolicy: string;
}

export interface BatchOpening {
  readonly batch: number;
  /** Made for the job's nonce. */
  readonly document: string;
  readonly functionId: FunctionId;
  readonly releasePolicy: string;
  /** See crypto/session/job-permit.ts. */
  readonly permit: string;
}

export interface BatchKeyBrought {
  readonly batch: number;
  readonly release: Release;
}

export type Reply = { readonly id: number } & (
  | { readonly kind: 'identity'; readonly channelKey: string; readonly receiptKey: string }
  | { readonly kind: 'installed'; readonly checksum: Sha256; readonly models: readonly Sha256[] }
  | { readonly kind: 'answer'; readonly type: OutputType; readonly seconds: number }
  | { readonly kind: 'session-opened' }
  | { readonly kind: 'session-answer'; readonly final: boolean }
  /** The input is a sealed one: the answer follows once its key, or a refusal, has come. */
  | { readonly kind: 'key-wanted'; readonly sequence: number; readonly keyRequest: WantedKey }
  | { readonly kind: 'session-closed' }
  /** The batch can be worked on once its key, or a refusal, has come. */
  | { readonly kind: 'batch-key-wanted'; readonly keyRequest: WantedKey }
  | { readonly kind: 'batch-opened' }
  /** The body is the answer, sealed to the caller. */
  | { readonly kind: 'item-answer' }
  | { readonly kind: 'batch-closed' }
  | { readonly kind: 'failure'; readonly error: ErrorFields }
);
