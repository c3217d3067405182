/** A user's key as the key broker vouches for it: an attestation document that names the user, the key and its number. */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';
import type { AttestationPolicy } from '../attestation/policy.ts';
import type { VerifiedAttestation } from '../attestation/verify.ts';
import { verifyAttestation } from '../attestation/verify.ts';
import type { UserKeyName, UserPublicKey } from './user-key.ts';
import { userKeyId } from './user-key.ts';

/**
 * Stands in the register of the function checksum, so that no function can pass for the key broker: a function's
 * checksum is the digest of a manifest, which never is this text.
 */
export const BROKER_ROLE = createHash('sha256').update('strongroom key broker 1').digest('hex') as Sha256;

const KIND = 'strongroom user key 1';

/** What the broker says in its document's `user_data`. */
export const encodeUserKeyClaim = ({ user, generation }: UserKeyName): Uint8Array =>
  encodeCbor(
    new Map<string, CborValue>([
      ['kind', KIND],
      ['user', user],
      ['generation', generation],
    ]),
  );

export interface AttestedUserKey extends UserPublicKey {
  readonly attestation: VerifiedAttestation;
}

/**
 * The key of `user`, and of nobody else, as the broker with the policy's registers vouches for it. Fails with
 * `E_ATTESTATION`.
 */
export function verifyUserKey(
  document: Uint8Array,
  user: Handle,
  policy: Omit<AttestationPolicy, 'functionChecksum' | 'channelKey'>,
): AttestedUserKey {
  const attestation = verifyAttestation(document, { ...policy, functionChecksum: BROKER_ROLE, channelKey: null });
  const { channelKey: publicKey, userData } = attestation;
  const claim = userData && readClaim(userData);
  if (!publicKey || !claim) throw refused("The document is not about a user's key.");
  if (claim.user !== user) throw refused(`The key is that of ${claim.user}, not of ${user}.`);
  return { user, generation: claim.generation, keyId: userKeyId(publicKey), publicKey, attestation };
}

function readClaim(bytes: Uint8Array): { readonly user: string; readonly generation: number } | null {
  try {
    const claim = decodeCbor(bytes);
    if (!(claim instanceof Map) || claim.size !== 3 || claim.get('kind') !== KIND) return null;
    const fields = claim as ReadonlyMap<string, unknown>;
    const [user, generation] = [fields.get('user'), fields.get('generation')];
    return typeof user === 'string' && typeof generation === 'number' ? { user, generation } : null;
  } catch {
    return null;
  }
}

const refused = (why: string) =>
  new StrongroomError('E_ATTESTATION', "The user's key is refused.", {
    why,
    next: 'Encrypt nothing to it. Ask the operator of the platform.',
  });
