/** The parts of a certificate that mean something here: one user ID with one address. */
import type { PublicKey, User } from 'openpgp';
import { StrongroomError } from '../../domain/errors.ts';
import type { EmailAddress } from '../../domain/ids.ts';
import { unsuitable } from './keys.ts';

/** The one user of the certificate, who must have this address. */
export function onlyUser(key: PublicKey, email: EmailAddress): User {
  const [user, ...others] = key.users;
  if (!user?.userID || others.length > 0)
    throw unsuitable('It must have one user ID and nothing else that names a person.');
  if (user.userID.email.toLowerCase() === email) return user;
  throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', 'The certificate belongs to another address.', {
    why: 'The address in its user ID is not the one that it was looked up for.',
  });
}
