/** A content key on its way from the key broker to one runner: sealed to the runner's channel key, bound to its proof. */
import type { KeyObject } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { HpkeBinding, HpkeMessage } from '../hpke.ts';
import { openWith, sealTo } from '../hpke.ts';

/** What the key is bound to: the runner as it was attested, and the input that the key is for. */
export interface ReleaseBinding {
  /** SHA-256 of the attestation document that the broker verified. */
  readonly documentHash: Sha256;
  /** The header of the sealed input. */
  readonly header: Uint8Array;
}

const INFO = 'strongroom released key 1 ';

/** Seals a content key to a runner's channel key, raw X25519. */
export const sealReleasedKey = (contentKey: Uint8Array, channelKey: Uint8Array, binding: ReleaseBinding): HpkeMessage =>
  sealTo(channelKey, contentKey, hpkeBinding(binding));

/** Opens it inside the runner; the caller zeroes it. Fails with `E_SEALED_INPUT`. */
export function openReleasedKey(message: HpkeMessage, channelKey: KeyObject, binding: ReleaseBinding): Buffer {
  const contentKey = openWith(channelKey, message, hpkeBinding(binding));
  if (contentKey) return contentKey;
  throw new StrongroomError('E_SEALED_INPUT', 'The key that was released cannot be opened.', {
    why: 'It is for another runner, another attestation document or another input.',
    next: 'Call again.',
  });
}

const hpkeBinding = ({ documentHash, header }: ReleaseBinding): HpkeBinding => ({
  info: Buffer.from(INFO + documentHash),
  aad: header,
});
