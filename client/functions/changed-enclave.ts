/** An enclave that is another than the one that was believed: the platform was updated, or somebody took its place. */
import { AttestationError } from '../../crypto/attestation/verify.ts';
import type { PlatformClient } from '../platform.ts';
import { trustFingerprint, type EnclaveTrust } from './trust.ts';

/** Where these fail, it is another root or other programs; any other failure is no matter of belief. */
const STEPS_OF_TRUST = ['chain', 'registers'];

/**
 * Does what holds a document against `trust`. Where it is refused because the platform describes its enclave otherwise
 * than it is believed, the failure (still `E_ATTESTATION`, with its steps) names both and how to believe the new one.
 */
export async function heldAgainst<T>(
  trust: EnclaveTrust,
  platform: PlatformClient,
  verify: () => Promise<T>,
): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof AttestationError) || !isMatterOfTrust(error)) throw error;
    const described = await platform.readEnclave().catch(() => null);
    const [known, now] = [trustFingerprint(trust), described && trustFingerprint(described)];
    throw now === null || now === known ? error : changed(known, now, error);
  }
}

const isMatterOfTrust = ({ steps }: AttestationError): boolean =>
  steps.some(({ name, verdict }) => verdict === 'failed' && STEPS_OF_TRUST.includes(name));

const changed = (known: string, now: string, { why, steps }: AttestationError) =>
  new AttestationError(
    'The enclave of this platform is another one than before.',
    `It was ${known} and is ${now} now. ${why ?? ''}`.trimEnd(),
    steps,
    `Ask the platform's operator, by another way, whether it was updated. If so: strongroom enclave accept ${now}`,
  );
