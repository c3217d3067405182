/** The keys to which functions and inputs of a user are sealed; their private halves never leave the key broker. */
import { randomBytes } from 'node:crypto';
import { verifyUserKey, type AttestedUserKey } from '../../crypto/sealed/attested-user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle } from '../../domain/ids.ts';
import type { PlatformClient } from '../platform.ts';
import { holdLoggedUserKey } from './public-log.ts';
import { heldAgainst } from './changed-enclave.ts';
import { demandsOf, type EnclaveTrust, type TrustStore } from './trust.ts';

/** The key of `user`, as the key broker vouches for it now. Fails with `E_ATTESTATION`. */
export async function fetchUserKey(
  platform: PlatformClient,
  user: Handle,
  trust: EnclaveTrust,
): Promise<AttestedUserKey> {
  const nonce = new Uint8Array(randomBytes(32));
  const asked = { path: { handle: user }, body: { nonce: Buffer.from(nonce).toString('base64url') } };
  const { document } = await platform.attestUserKey(asked);
  return heldAgainst(trust, platform, async () =>
    verifyUserKey(Buffer.from(document, 'base64url'), user, demandsOf(trust, 'broker', nonce)),
  );
}

/**
 * Moves the account on to its next key, which takes the place of the known one here once the broker has attested it and
 * the log holds it. Fails with `E_ATTESTATION`, `E_LOG_INVALID` or `E_USER_KEY_CHANGED`.
 */
export async function rotateUserKey(
  platform: PlatformClient,
  store: TrustStore,
  user: Handle,
  trust: EnclaveTrust,
): Promise<AttestedUserKey> {
  const present = await fetchUserKey(platform, user, trust);
  // A key that was put in the present one's place is not to be moved on from without a word.
  await holdLoggedUserKey(platform, store, present, null);
  const generation = present.generation + 1;
  await platform.rotateSealingKey({ body: { generation } });
  const next = await fetchUserKey(platform, user, trust);
  if (next.generation !== generation) throw notMoved(generation, next.generation);
  await holdLoggedUserKey(platform, store, next, next.keyId);
  return next;
}

const notMoved = (wanted: number, shown: number) =>
  new StrongroomError('E_ATTESTATION', 'The platform has not moved on to your next key.', {
    why: `It shows key number ${shown} and not ${wanted}.`,
    next: 'Encrypt nothing to it. Ask the operator of the platform.',
  });
