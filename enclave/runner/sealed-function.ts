/** A function that arrives encrypted: its key was released to this runner, for the function that it was attested with. */
import { decodeFunctionBundle } from '../../crypto/function-bundle.ts';
import type { FunctionBundle } from '../../crypto/function-bundle.ts';
import { openReleasedKey } from '../../crypto/sealed/released-key.ts';
import { openSealedBundle, parseSealedBundle } from '../../crypto/sealed/sealed-bundle.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { messageOf } from './awaited-key.ts';
import type { OwnKeys } from './keys.ts';
import type { SealedKey } from './messages.ts';
import { functionOf, readOwnDocument } from './own-document.ts';

/**
 * Opens the encrypted function in `body`; whoever installs it zeroes its contents. Fails with `E_ATTESTATION`,
 * `E_SEALED_INPUT` or `E_FUNCTION_INVALID`, the last also where it is another function than the document says: nobody is
 * ever served by another one.
 */
export function openSealedFunction(
  body: Buffer,
  given: { readonly document: string; readonly key: SealedKey },
  keys: OwnKeys,
): FunctionBundle {
  const document = readOwnDocument(Buffer.from(given.document, 'base64url'), keys);
  const sealed = parseSealedBundle(body);
  const binding = { documentHash: document.sha256, header: sealed.keyRequest.header };
  const contentKey = openReleasedKey(messageOf(given.key), keys.channel.privateKey, binding);
  const bytes = openSealedBundle(sealed, contentKey);
  contentKey.fill(0);
  const bundle = decodeFunctionBundle(bytes);
  if (bundle.checksum === functionOf(document)) return bundle;
  bytes.fill(0);
  throw new StrongroomError('E_FUNCTION_INVALID', 'What was deployed is another function than it was said to be.', {
    why: `Its checksum is ${bundle.checksum}.`,
    next: 'Deploy it again.',
  });
}
