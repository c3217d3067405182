/** What to tell those who come by a way that this platform does not offer. */
import { StrongroomError } from '../domain/errors.ts';
import type { LogInSettings } from '../stack/log-in-settings.ts';

export const passwordsClosed = ({ provider }: LogInSettings) =>
  new StrongroomError('E_PASSWORDS_CLOSED', 'This platform takes no passwords.', {
    why: `People sign in by ${provider?.name ?? 'their organisation'}.`,
    next: 'Log in: strongroom login --device',
  });

export const noProvider = () =>
  new StrongroomError('E_NOT_FOUND', 'Nobody signs in by a provider here.', {
    why: 'None is configured.',
    next: 'Log in by your password.',
  });
