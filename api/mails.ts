/** The mails that the API sends. */
import type { EmailAddress } from '../domain/ids.ts';
import type { Mail } from '../storage/mail.ts';

export const verificationMail = (to: EmailAddress, token: string, publicUrl: string, hours: number): Mail => ({
  to,
  subject: 'Verify your address for Strongroom',
  text: `Someone, we hope you, signed up at ${publicUrl} with this address.

Open this page and confirm it:
${publicUrl}/v1/accounts/verify?token=${token}

Or use this code on the command line, with strongroom verify:
${token}

Both hold for ${hours} hours. If it was not you, do nothing: without a confirmation the account cannot be used.
`,
});

export const alreadySignedUpMail = (to: EmailAddress): Mail => ({
  to,
  subject: 'You have a Strongroom account',
  text: `Someone tried to sign up with this address. You have an account already: log in with it.

If it was not you, do nothing: nothing was changed.
`,
});
