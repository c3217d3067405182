/** Which mails were sent, so that a step which is tried again sends none twice. */
import { createHash } from 'node:crypto';
import { parseSha256 } from '../domain/ids.ts';
import type { Db } from './database.ts';
import type { Mail, SendMail } from './mail.ts';

/**
 * Sends a mail to an address unless the same occasion had it sent there already. Who asks at the same time waits. A mail
 * that could not be sent is not noted; one that was sent as the database went away may be sent again.
 */
export async function sendMailOnce(db: Db, sendMail: SendMail, occasion: string, mail: Mail): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const key = parseSha256(createHash('sha256').update(`${occasion}\n${mail.to}`).digest('hex'));
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('sentMails')
      .values({ key })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) await sendMail(mail);
  });
}
