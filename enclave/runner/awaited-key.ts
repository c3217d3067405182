/** What is sealed to a user, inside the runner: opened with the key that the broker released for it. */
import { openReleasedKey } from '../../crypto/sealed/released-key.ts';
import type { ContentKeyRequest, SealedInput } from '../../crypto/sealed/sealed-input.ts';
import { openSealedInput } from '../../crypto/sealed/sealed-input.ts';
import { fromErrorFields } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { OwnKeys } from './keys.ts';
import type { Release, SealedKey, WantedKey } from './messages.ts';
import { functionOf, notOwn, readOwnDocument } from './own-document.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

/** What the host takes to the key broker. */
export const wantedKey = ({ header, enc, wrappedKey }: ContentKeyRequest): WantedKey => ({
  header: base64(header),
  enc: base64(enc),
  wrappedKey: base64(wrappedKey),
});

/**
 * The input, for the function with `checksum`; the caller zeroes it. Fails as the broker refused, with `E_ATTESTATION`
 * where the key was released for another runner, `E_NOT_ALLOWED` where the input's policy forbids the function, and
 * `E_SEALED_INPUT` where anything was changed.
 */
export function openAwaited(sealed: SealedInput, release: Release, checksum: Sha256, keys: OwnKeys): Buffer {
  const contentKey = openAwaitedKey(sealed.keyRequest, release, checksum, keys);
  try {
    return openSealedInput(sealed, contentKey, checksum, new Date());
  } finally {
    contentKey.fill(0);
  }
}

/**
 * The content key that the broker released to this runner; the caller zeroes it. Fails as the broker refused, and with
 * `E_ATTESTATION` where it was released for another runner.
 */
export function openAwaitedKey(
  { header }: ContentKeyRequest,
  release: Release,
  checksum: Sha256,
  keys: OwnKeys,
): Buffer {
  if (release.kind === 'refused') throw fromErrorFields(release.error);
  const document = readOwnDocument(Buffer.from(release.document, 'base64url'), keys);
  if (functionOf(document) !== checksum) throw notOwn('It names another function than is here.');
  const binding = { documentHash: document.sha256, header };
  return openReleasedKey(messageOf(release.key), keys.channel.privateKey, binding);
}

/** As the broker sealed it. */
export const messageOf = ({ enc, ciphertext }: SealedKey) => ({
  enc: fromBase64(enc),
  ciphertext: fromBase64(ciphertext),
});
