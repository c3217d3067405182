/** What the host asks of a runner and what it is answered; the bytes travel beside it (see frames.ts). */
import type { ErrorFields } from '../../domain/errors.ts';
import type { OutputType } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';

export type Request = { readonly id: number } &
  /** Which keys did you make? */
  (
    | { readonly kind: 'identify' }
    /** Take the function in the body, for good. */
    | { readonly kind: 'install' }
    /** Call the function with the body as it is. */
    | { readonly kind: 'call' }
  );

export type Reply = { readonly id: number } & (
  | { readonly kind: 'identity'; readonly channelKey: string; readonly receiptKey: string }
  | { readonly kind: 'installed'; readonly checksum: Sha256; readonly models: readonly Sha256[] }
  | { readonly kind: 'answer'; readonly type: OutputType; readonly seconds: number }
  | { readonly kind: 'failure'; readonly error: ErrorFields }
);
