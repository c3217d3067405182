/** Outgoing mail: by SMTP where it is configured, else into a folder where people and tests can read it. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { EmailAddress } from '../domain/ids.ts';

export interface Mail {
  readonly to: EmailAddress;
  readonly subject: string;
  readonly text: string;
}

export type SendMail = (mail: Mail) => Promise<void>;

export interface MailOptions {
  readonly from: string;
  /** `smtp://` or `smtps://`, or `null` for the outbox. */
  readonly smtpUrl: string | null;
  readonly outboxFolder: string;
}

/** What sends mail. In the outbox each mail is one file as it would be sent, complete when it appears; names sort by time. */
export function openMail({ from, smtpUrl, outboxFolder }: MailOptions): SendMail {
  if (smtpUrl !== null) {
    const transport = createTransport(smtpUrl, { from });
    return async (mail) => {
      await transport.sendMail(mail);
    };
  }
  return async (mail) => {
    await mkdir(outboxFolder, { recursive: true, mode: 0o700 });
    const name = `${new Date().toISOString().replaceAll(':', '')}-${randomUUID().slice(0, 8)}.eml`;
    const draft = join(outboxFolder, `.${name}.draft`);
    await writeFile(draft, toMessage(from, mail), { mode: 0o600 });
    await rename(draft, join(outboxFolder, name));
  };
}

/** Lines stay as long as they are, so that a link can be copied out of the file. */
const toMessage = (from: string, { to, subject, text }: Mail): string =>
  [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    text,
  ].join('\n');
