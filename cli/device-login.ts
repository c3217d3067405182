/** Logging this machine in by a code that a person approves elsewhere: for machines without a browser or a terminal. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, PlatformClient, Schema } from '../client/platform.ts';
import { SLOW_DOWN_SECONDS } from '../domain/device-login.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { interrupted } from './prompt.ts';

export type LogInWays = Answer<'readLogInWays'>;

/** Shows the code and where to approve it, and waits. Fails with `E_LOGIN_REFUSED`, and with `E_WRONG_CREDENTIALS` once the code ran out. */
export async function logInByCode(
  context: Context,
  platform: PlatformClient,
  { provider }: LogInWays,
): Promise<Schema<'Session'>> {
  const { deviceCode, userCode, verificationUri, interval, expiresIn } = await platform.beginDeviceLogin();
  context.output.instruction(
    [
      provider === null
        ? `Open ${verificationUri} and type the code ${userCode}`
        : `Open ${verificationUri}, sign in with ${provider}, and type the code ${userCode}`,
      `Or, where you are logged in already: strongroom login approve ${userCode}`,
      'Waiting for somebody to approve …',
    ].join('\n'),
  );
  const end = Date.now() + expiresIn * 1000;
  let seconds = interval;
  for (;;) {
    await pause(seconds * 1000, undefined, { signal: context.signal }).catch(() => {
      throw interrupted();
    });
    try {
      return await platform.logInDevice({ body: { deviceCode }, signal: context.signal });
    } catch (error) {
      if (context.signal.aborted) throw interrupted();
      if (!mayAskAgain(error) || Date.now() > end) throw error;
      if (error.code === 'E_TOO_MANY_REQUESTS') seconds += SLOW_DOWN_SECONDS;
    }
  }
}

/** Also after a connection that broke, for as long as the code holds. */
const mayAskAgain = (error: unknown): error is StrongroomError =>
  error instanceof StrongroomError && ['E_LOGIN_PENDING', 'E_TOO_MANY_REQUESTS', 'E_UNAVAILABLE'].includes(error.code);
