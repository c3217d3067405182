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

export const linkedMail = (to: EmailAddress, provider: string, publicUrl: string): Mail => ({
  to,
  subject: 'Your Strongroom account can be opened by another sign-in',
  text: `You, or someone for whom ${provider} vouches that this address is theirs, signed in at ${publicUrl}
by ${provider}. From now on that opens your account, too; your password stays as it is.

If it was not you, tell whoever runs the platform at once, and end all sessions: strongroom logout --everywhere
`,
});

export const notLinkedMail = (to: EmailAddress, provider: string, publicUrl: string): Mail => ({
  to,
  subject: 'A sign-in for your Strongroom account was refused',
  text: `Someone for whom ${provider} vouches that this address is theirs tried to sign in at ${publicUrl}.
You have an account there already, and the word of ${provider} alone does not open it. Log in as before.

If it was not you, do nothing: nothing was changed.
`,
});

export const passwordResetMail = (to: EmailAddress, token: string, publicUrl: string, minutes: number): Mail => ({
  to,
  subject: 'Set a new password for Strongroom',
  text: `Someone, we hope you, asked at ${publicUrl} for a new password of the account with this address.

Choose one on the command line:
strongroom password set ${token} --api ${publicUrl}

The code holds for ${minutes} minutes and can be used once. If it was not you, do nothing: the password stays as it is.
`,
});

export const passwordChangedMail = (to: EmailAddress, publicUrl: string): Mail => ({
  to,
  subject: 'Your Strongroom password was changed',
  text: `The password of your account at ${publicUrl} was set anew by the code of a mail, and all its sessions were ended.
Personal access tokens still hold; strongroom token list shows them.

If it was not you, somebody reads your mail: secure that first, then set another password and revoke what you do not know.
`,
});
