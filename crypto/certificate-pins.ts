/** Trust on first use: the certificate that an owner once accepted for an address stays until the owner says otherwise. */
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint } from '../domain/ids.ts';

export type Pins = Readonly<Partial<Record<EmailAddress, Fingerprint>>>;

/**
 * `pinned` where this certificate is the known one, `first-use` where none is known: the caller then adds it to its pins.
 * Fails with `E_CERTIFICATE_CHANGED` where another one is known.
 */
export function checkPin(pins: Pins, email: EmailAddress, fingerprint: Fingerprint): 'pinned' | 'first-use' {
  const known = Object.hasOwn(pins, email) ? pins[email] : undefined;
  if (known === undefined) return 'first-use';
  if (known === fingerprint) return 'pinned';
  throw new StrongroomError('E_CERTIFICATE_CHANGED', 'The certificate of a known person has changed.', {
    why: `It was ${known}; now it is ${fingerprint}.`,
    next: `Ask the person by another way whether that is right. If it is: strongroom certificate accept ${email} ${fingerprint}`,
  });
}
