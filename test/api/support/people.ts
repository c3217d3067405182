/** People with an account: real rows and real session tokens, without the sign-up that has tests of its own. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import { sealSessionToken } from '../../../api/session-token.ts';
import { parseEmailAddress, parseFingerprint, parseHandle } from '../../../domain/ids.ts';
import type { Account } from '../../../storage/accounts.ts';
import { insertChallenge } from '../../../storage/certificate-challenges.ts';
import { insertCertificate, type Certificate } from '../../../storage/certificates.ts';
import { SECRET, type TestPlatform } from './platform.ts';
import type { Reply } from './reply.ts';

export interface Person {
  readonly account: Account;
  readonly token: string;
  /** Asks the API as this person. */
  ask(
    method: NonNullable<InjectOptions['method']>,
    url: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
}

export async function person({ app, db }: TestPlatform, name: string): Promise<Person> {
  const handle = parseHandle(name);
  const email = parseEmailAddress(`${name}@example.org`);
  const id = randomUUID();
  const session = randomBytes(24).toString('hex');
  await db.insertInto('handles').values({ handle }).execute();
  const now = new Date();
  const times = { createdAt: now, updatedAt: now };
  await db
    .insertInto('accounts')
    .values({ id, handle, email, name, emailVerified: true, ...(times as object) })
    .execute();
  const expiresAt = new Date(Date.now() + 3_600_000);
  await db
    .insertInto('sessions')
    .values({ id: randomUUID(), token: session, userId: id, expiresAt, ...times })
    .execute();
  const token = sealSessionToken(session, SECRET);
  return {
    account: { id, handle, email, emailVerified: true, displayName: name },
    token,
    ask: (method, url, body, headers) =>
      app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body && { payload: body }),
      }),
  };
}

/** A valid certificate, as the platform's worker would have recorded it. */
export async function certificateFor(
  { db }: TestPlatform,
  { account }: Person,
  expiresAt = new Date(Date.now() + 86_400_000).toISOString(),
): Promise<Certificate> {
  const { challenge } = await insertChallenge(db, account.id);
  const fingerprint = parseFingerprint(createHash('sha1').update(randomUUID()).digest('hex'));
  const certificate = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n${fingerprint}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
  return db.transaction().execute((trx) =>
    insertCertificate(trx, {
      accountId: account.id,
      email: account.email,
      fingerprint,
      certificate,
      expiresAt,
      challenge,
    }),
  );
}
