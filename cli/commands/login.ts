import type { PlatformClient, Schema } from '../../client/platform.ts';
import { parseEmailAddress, type EmailAddress } from '../../domain/ids.ts';
import { defineCommand, flag, option } from '../command.ts';
import type { Context } from '../context.ts';
import { logInByCode, type LogInWays } from '../device-login.ts';
import { passwordFile, readPassword } from '../password.ts';

export const command = defineCommand({
  name: 'login',
  summary: 'Log in and keep a token',
  examples: [
    'strongroom login --email alice@example.org --api https://platform.example.org',
    'strongroom login --device --api https://platform.example.org',
  ],
  details: `With --device, and without --email where your organisation signs you in or nobody can type a password (no
terminal, or one over SSH), the command prints a code and an address, and waits until you approve there, or by
\`strongroom login approve CODE\` where you are logged in. The token lies in the file \`token\` of the party's folder, which nobody else may read.`,
  options: {
    email: option('ADDRESS', 'Your e-mail address', parseEmailAddress),
    'password-file': passwordFile,
    device: flag('Log in by a code that you approve elsewhere'),
  },
  async run({ options: { email, device, 'password-file': file } }, context) {
    const platform = await context.platformForAnyone();
    const given = !device && (email !== undefined || file !== undefined);
    const ways = given ? null : await platform.readLogInWays();
    const { token, expiresAt, account } =
      ways && (device || !expectsPassword(context, ways))
        ? await logInByCode(context, platform, ways)
        : await logInByPassword(context, platform, email, file);
    const session = { apiUrl: platform.baseUrl, handle: account.handle, email: account.email, token };
    await (await context.home()).saveSession(session);
    return {
      data: { handle: account.handle, email: account.email, api: platform.baseUrl, expiresAt },
      ids: [account.handle],
      lines: [`Logged in at ${platform.baseUrl} as ${account.handle}.`],
    };
  },
});

/** Whom an organisation signs in has no password here, and one is not typed over SSH. */
const expectsPassword = (context: Context, { provider }: LogInWays): boolean =>
  provider === null && context.prompt.possible && !process.env.SSH_CONNECTION;

async function logInByPassword(
  context: Context,
  platform: PlatformClient,
  given: EmailAddress | undefined,
  file: string | undefined,
): Promise<Schema<'Session'>> {
  const email = given ?? parseEmailAddress(await context.prompt.text({ text: 'E-mail:', insteadOf: '--email' }));
  return platform.logIn({ body: { email, password: await readPassword(context, file) } });
}
