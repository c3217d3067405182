/** The embedded platform for a benchmark, with a model owner and a committee of one, who speak HTTP as everyone does. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { sealSessionToken } from '../../api/session-token.ts';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { openPostgres } from '../../stack/postgres.ts';
import { bringUp } from '../../stack/stack.ts';
import { openDatabase, type Db } from '../../storage/database.ts';

export interface Stage extends AsyncDisposable {
  readonly db: Db;
  readonly alice: Actor;
  readonly ann: Actor;
  /** Of an approved container of alice's. */
  readonly association: string;
}

/** Of the archive of each of alice's containers. */
export const DIGEST = 'a'.repeat(64);

export async function openStage(folder: string): Promise<Stage> {
  const postgres = await openPostgres(join(folder, 'postgres'));
  const server = await postgres.start();
  const config = readPlatformConfiguration({
    STRONGROOM_DATA: join(folder, 'platform'),
    DATABASE_URL: postgres.url,
    // All requests come from two accounts, and the platform is to be measured, not its limits.
    STRONGROOM_STRANGERS_PER_MINUTE: '1000000',
    STRONGROOM_ACCOUNT_PER_MINUTE: '1000000',
  });
  const stack = await bringUp(config, () => undefined);
  const db = openDatabase({ url: postgres.url, maxConnections: 2, onIdleError: () => undefined });
  const data = join(folder, 'platform');
  const actor = async (handle: string) => new Actor(stack.addresses.api, await openAccount(db, handle, data));
  const [alice, ann] = [await actor('alice'), await actor('ann')];
  for (const name of ['digits', 'idle']) await addBenchmark(db, name);
  await addCertificate(db, 'alice', 0);
  await alice.submit('model');
  const { id } = await alice.request('container', 'model');
  await ann.post(`/v1/associations/${id}/votes`, { ballot: 'approve', reason: 'Good.' });
  return {
    db,
    alice,
    ann,
    association: id,
    [Symbol.asyncDispose]: async () => {
      await db.destroy();
      await stack.stop();
      await server.stop();
    },
  };
}

interface Answer {
  readonly id: string;
  readonly cursor: string;
  readonly items: readonly unknown[];
}

export class Actor {
  readonly address: string;
  readonly token: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: string, token: string) {
    this.address = address;
    this.token = token;
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  get(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  post(path: string, body: object): Promise<Answer> {
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  submit(name: string): Promise<Answer> {
    const archive = { url: 'https://files.example.org/model', sha256: DIGEST, size: 1 };
    const image = { imageDigest: `sha256:${DIGEST}`, plaintextSize: 1 };
    return this.post('/v1/containers', { name, config: 'container_type: EncryptedDockerArchive', archive, ...image });
  }

  request(kind: 'container' | 'dataset', name: string): Promise<Answer> {
    const evidence = kind === 'container' && { testResult: { accuracy: 1 }, testDatasetSha256: DIGEST };
    return this.post('/v1/associations', { kind, name, benchmark: 'digits', ...evidence });
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const answer = await fetch(`${this.address}${path}`, { ...init, headers: this.#headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${text}`);
    return JSON.parse(text) as Answer;
  }
}

/** An account with a session, without the mails of a sign-up. Answers the session's token. */
export async function openAccount(db: Db, handle: string, dataFolder: string): Promise<string> {
  const secret = await readFile(join(dataFolder, 'api', 'session-secret'), 'utf8');
  return sealSessionToken(await logIn(db, handle), secret);
}

/** Answers the session as the database has it. */
async function logIn(db: Db, handle: string): Promise<string> {
  const session = randomBytes(24).toString('hex');
  const account = randomUUID();
  await sql`INSERT INTO handles VALUES (${handle})`.execute(db);
  await sql`INSERT INTO accounts (id, name, email, email_verified, handle, created_at, updated_at)
    VALUES (${account}, ${handle}, ${`${handle}@example.org`}, true, ${handle}, now(), now())`.execute(db);
  await sql`INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at)
    VALUES (${randomUUID()}, ${session}, ${account}, now() + interval '1 day', now(), now())`.execute(db);
  return session;
}

async function addBenchmark(db: Db, name: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`INSERT INTO blobs SELECT ${DIGEST}, 1, id FROM accounts WHERE handle = 'ann' ON CONFLICT DO NOTHING`.execute(
      trx,
    );
    await sql`INSERT INTO benchmarks (name, owner_id, description, test_dataset, metrics_archive, metrics_config,
        metrics_image_digest, quorum, approval_days, reminder_hours)
      SELECT ${name}, id, '', ${DIGEST}, ${DIGEST}, '', ${`sha256:${DIGEST}`}, 1, 30, 72
      FROM accounts WHERE handle = 'ann'`.execute(trx);
    await sql`INSERT INTO benchmark_members SELECT ${name}, id, 0 FROM accounts WHERE handle = 'ann'`.execute(trx);
  });
}

export const fingerprintOf = (index: number): string => index.toString(16).toUpperCase().padStart(40, '0');

async function addCertificate(db: Db, handle: string, index: number): Promise<void> {
  await sql`INSERT INTO certificates (fingerprint, account_id, email, certificate, expires_at)
    SELECT ${fingerprintOf(index)}, id, email, 'certificate', now() + interval '1 year'
    FROM accounts WHERE handle = ${handle}`.execute(db);
}

/** Data owners with an approved dataset and a certificate, numbered from `first`; alice hears of each of them. */
export async function addDataOwners({ db, association }: Stage, first: number, count: number): Promise<void> {
  const numbers = sql`generate_series(${first}::int, ${first + count - 1}::int) AS number`;
  await sql`INSERT INTO handles SELECT 'owner-' || number FROM ${numbers}`.execute(db);
  await sql`INSERT INTO accounts (id, name, email, email_verified, handle, created_at, updated_at)
    SELECT 'owner-' || number, 'owner', 'owner-' || number || '@example.org', true, 'owner-' || number, now(), now()
    FROM ${numbers}`.execute(db);
  await sql`INSERT INTO datasets (owner_id, name, sha256, size, files, description)
    SELECT 'owner-' || number, 'wards', ${DIGEST}, 1, 1, '' FROM ${numbers}`.execute(db);
  await sql`INSERT INTO associations (kind, dataset_id, benchmark, owner_id, state, reason, deadline, decided_at, content)
    SELECT 'dataset', datasets.id, 'digits', owner_id, 'approved', 'approved', now() + interval '1 day', now(),
      jsonb_build_object('sha256', ${DIGEST}::text, 'size', 1, 'files', 1)
    FROM ${numbers} JOIN datasets ON owner_id = 'owner-' || number`.execute(db);
  await sql`INSERT INTO certificates (fingerprint, account_id, email, certificate, expires_at)
    SELECT upper(lpad(to_hex(number), 40, '0')), 'owner-' || number, 'owner-' || number || '@example.org',
      repeat('c', 1500), now() + interval '1 year' FROM ${numbers}`.execute(db);
  await sql`INSERT INTO events (audience, type, association, account, fingerprint)
    SELECT accounts.id, 'certificate.issued', ${association}::uuid, 'owner-' || number,
      upper(lpad(to_hex(number), 40, '0'))
    FROM ${numbers} CROSS JOIN accounts WHERE accounts.handle = 'alice'`.execute(db);
}
