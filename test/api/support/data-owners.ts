/** Many authorised data owners at once, each with a real certificate, and the owner's machine that grants them access. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createGrantActivities, type AccessSubject, type GrantActivities } from '../../../activities/grants.ts';
import { openPartyHome, type PartyHome, type Session } from '../../../client/party-home.ts';
import { certify, createAuthority, type Authority } from '../../../crypto/certificate-authority.ts';
import { createCertificate, type CreatedCertificate } from '../../../crypto/certificates.ts';
import { createModelKey } from '../../../crypto/model-key.ts';
import { parseBenchmarkName, parseContainerName, type AssociationId } from '../../../domain/ids.ts';
import { insertChallenge } from '../../../storage/certificate-challenges.ts';
import { insertCertificate } from '../../../storage/certificates.ts';
import { approved } from './benchmark.ts';
import { person, type Person } from './people.ts';
import type { TestPlatform } from './platform.ts';

export async function openAuthority({ db }: TestPlatform): Promise<Authority> {
  const authority = await createAuthority();
  const { fingerprint, certificate } = authority;
  await db.insertInto('authority').values({ fingerprint, certificate }).execute();
  return authority;
}

/** Makes a certificate, has it certified by `authority`, and records it as the platform's worker does. */
export async function realCertificateFor(
  { db }: TestPlatform,
  authority: Authority,
  { account }: Person,
): Promise<CreatedCertificate> {
  const { handle, email, id: accountId } = account;
  const made = await createCertificate({ handle, email, expiresInDays: 30 });
  const expires = new Date(Date.parse(made.expiresAt) - 60_000).toISOString();
  const certificate = await certify(authority.privateKey, made.certificate, { email, expires });
  const { challenge } = await insertChallenge(db, accountId);
  const { fingerprint } = made;
  await db
    .transaction()
    .execute((trx) =>
      insertCertificate(trx, { accountId, email, fingerprint, certificate, expiresAt: expires, challenge }),
    );
  return { ...made, certificate };
}

export async function authorisedDataOwner(
  platform: TestPlatform,
  authority: Authority,
  name: string,
  benchmark: string,
): Promise<{ readonly person: Person; readonly certificate: CreatedCertificate }> {
  const dataOwner = await person(platform, name);
  await approved(platform, dataOwner, 'dataset', 'pictures', benchmark);
  return { person: dataOwner, certificate: await realCertificateFor(platform, authority, dataOwner) };
}

export interface OwnersMachine extends AsyncDisposable {
  readonly home: PartyHome;
  readonly session: Session;
  readonly grants: Pick<GrantActivities, 'autoGrantAccess'>;
  readonly subject: AccessSubject;
}

/** The home of a model owner with a key for `container`, and the activities of its agent, which speak HTTP to the API. */
export async function ownersMachine(
  platform: TestPlatform,
  authority: Authority,
  owner: Person,
  access: { readonly container: string; readonly benchmark: string; readonly association: AssociationId },
): Promise<OwnersMachine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-owner-'));
  const home = await openPartyHome(folder);
  const { handle, email } = owner.account;
  const apiUrl = await platform.app.listen({ host: '127.0.0.1', port: 0 });
  const session = { apiUrl, handle, email, token: owner.token };
  await home.saveSession(session);
  await home.saveIdentity(session, await realCertificateFor(platform, authority, owner));
  const name = parseContainerName(access.container);
  (await createModelKey(home.modelKeyFile(session, name)))[Symbol.dispose]();
  const unused = { run: null, download: null, allowPrivateAddresses: true } as never;
  const activities = createGrantActivities({ home, settings: unused });
  return {
    home,
    session,
    grants: {
      autoGrantAccess: (request) => new MockActivityEnvironment().run(() => activities.autoGrantAccess(request)),
    },
    subject: {
      account: handle,
      name,
      benchmark: parseBenchmarkName(access.benchmark),
      association: access.association,
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
