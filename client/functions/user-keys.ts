/** The keys to which functions and inputs of a user are sealed; their private halves never leave the key broker. */
import { randomBytes } from 'node:crypto';
import { verifyUserKey, type AttestedUserKey } from '../../crypto/sealed/attested-user-key.ts';
import type { Handle } from '../../domain/ids.ts';
import type { PlatformClient } from '../platform.ts';
import { heldAgainst } from './changed-enclave.ts';
import { demandsOf, type EnclaveTrust } from './trust.ts';

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
