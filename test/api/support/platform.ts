/** The platform for one test file: the real API on a real Postgres, and what tests ask of it. */
import type { Client } from '@temporalio/client';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApi } from '../../../api/app.ts';
import type { ApiDependencies, ApiSettings } from '../../../api/dependencies.ts';
import { connectEnclave } from '../../../api/enclave.ts';
import { openMetrics, type Metrics } from '../../../api/metrics.ts';
import { openTemporal } from '../../../api/temporal.ts';
import type { App } from '../../../api/services.ts';
import { openApiProcess } from '../../../storage/api-process.ts';
import { openBlobFolder } from '../../../storage/blob-folder.ts';
import type { BlobStore } from '../../../storage/blob-store.ts';
import { openDatabase, type Db } from '../../../storage/database.ts';
import { openEventListener } from '../../../storage/event-listener.ts';
import { openMail, type SendMail } from '../../../storage/mail.ts';
import { migrateToLatest } from '../../../storage/migrate.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

export const SECRET = 'a secret of the tests that is long enough';

export interface TestPlatform {
  readonly app: App;
  readonly metrics: Metrics;
  readonly db: Db;
  readonly postgres: TestPostgres;
  readonly folder: string;
  readonly sendMail: SendMail;
  /** The texts of all mails to an address, the newest last. */
  mailsTo(address: string): Promise<string[]>;
  stop(): Promise<void>;
}

export interface TestPlatformOptions {
  readonly temporal?: Client;
  /** A folder of the platform's own unless given. */
  readonly blobs?: BlobStore;
  readonly settings?: Partial<ApiSettings>;
  readonly logger?: ApiDependencies['logger'];
  /** What each mail waits for before it goes out. */
  readonly beforeMail?: () => Promise<unknown>;
}

export async function startPlatform({
  temporal,
  blobs,
  settings,
  logger = false,
  beforeMail,
}: TestPlatformOptions = {}): Promise<TestPlatform> {
  const postgres = await startPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-test-platform-'));
  const db = openDatabase({ url: postgres.url, maxConnections: 20, onIdleError: () => undefined });
  await migrateToLatest(db);
  const process = await openApiProcess(db, postgres.url);
  const events = openEventListener(postgres.url);
  const nowhere = openTemporal({ address: '127.0.0.1:1', namespace: 'default' });
  const metrics = openMetrics(db, temporal ?? nowhere);
  const sendMail = openMail({ from: 'strongroom@example.org', smtpUrl: null, outboxFolder: join(folder, 'outbox') });
  const app = await buildApi({
    metrics,
    db,
    process,
    blobs: blobs ?? openBlobFolder(join(folder, 'blobs')),
    enclave: connectEnclave(folder),
    events,
    temporal: temporal ?? nowhere,
    sendMail: async (mail) => {
      await beforeMail?.();
      await sendMail(mail);
    },
    logger,
    settings: {
      publicUrl: 'http://127.0.0.1:8080',
      authenticationSecret: SECRET,
      uploadsFolder: join(folder, 'uploads'),
      maxUploadBytes: 50_000_000,
      quotaBytes: 100_000_000,
      signUpsPerMinute: 1000,
      logInsPerMinute: 10_000,
      strangersPerMinute: 100_000,
      accountPerMinute: 100_000,
      tokenPerMinute: 100_000,
      trustProxy: false,
      allowPrivateWebhooks: false,
      operators: ['oscar', 'opal'],
      logIn: { provider: null, passwords: 'open' },
      temporalUiUrl: null,
      payloadCodec: null,
      ...settings,
    },
  });
  return {
    app,
    metrics,
    db,
    postgres,
    folder,
    sendMail,
    mailsTo: (address) => readMails(join(folder, 'outbox'), address),
    stop: async () => {
      await app.close();
      await process.end();
      await events.close();
      await db.destroy();
      await nowhere.connection.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readMails(outbox: string, address: string): Promise<string[]> {
  const names = (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith('.eml')).sort();
  const mails = await Promise.all(names.map((name) => readFile(join(outbox, name), 'utf8')));
  return mails.filter((mail) => mail.includes(`To: ${address}`));
}
