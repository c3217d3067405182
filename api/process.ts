/** The API as a process: opens what it needs, listens, and stops without losing an answer. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openLog } from '../stack/log.ts';
import { freePort } from '../stack/free-port.ts';
import { startTracing } from '../stack/tracing.ts';
import { openApiProcess } from '../storage/api-process.ts';
import { openBlobStore } from '../storage/open-blob-store.ts';
import { openDatabase } from '../storage/database.ts';
import { openEventListener } from '../storage/event-listener.ts';
import { openMail } from '../storage/mail.ts';
import { migrateToLatest } from '../storage/migrate.ts';
import { saveTokenIssuer } from '../storage/token-issuer.ts';
import { logEarlierFunctions } from '../storage/transparency-log.ts';
import { buildApi } from './app.ts';
import type { ApiSettings } from './dependencies.ts';
import { connectEnclave } from './enclave.ts';
import { openTokenIssuer } from './invocation-tokens.ts';
import { openMetrics, serveMetrics } from './metrics.ts';
import { openTemporal, type TemporalOptions } from './temporal.ts';

export interface ApiProcessOptions {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly databaseConnections: number;
  readonly temporal: TemporalOptions;
  /** Holds `blobs/`, `uploads/` and `outbox/`. */
  readonly dataFolder: string;
  /** The bucket for blobs, instead of `blobs/`. */
  readonly s3Url: string | null;
  readonly mail: { readonly from: string; readonly smtpUrl: string | null };
  readonly settings: Omit<ApiSettings, 'uploadsFolder' | 'publicUrl'> & {
    /** `null` where callers reach the API at the address at which it listens. */
    readonly publicUrl: string | null;
  };
  readonly logLevel: string;
  /** Where `/metrics` is; `null` where it is not wanted. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Where traces go; `null` where none are made. */
  readonly traceCollector: string | null;
}

export interface RunningApi {
  /** Where it listens. */
  readonly address: string;
  /** Takes no more connections, finishes the answers that it is at, and closes everything. */
  stop(): Promise<void>;
}

/** How long answers under way may take once the API stops; what is left then, for instance an upload, is cut off. */
const DRAIN_MS = 20_000;

/** Fails where Postgres cannot be reached; Temporal may come later. */
export async function startApi(options: ApiProcessOptions): Promise<RunningApi> {
  const { dataFolder, databaseUrl, host } = options;
  // Links in mails have the port in them, so it is chosen before anything is built.
  const port = options.port === 0 ? await freePort() : options.port;
  const log = openLog('api', options.logLevel);
  const uploadsFolder = join(dataFolder, 'uploads');
  await mkdir(uploadsFolder, { recursive: true, mode: 0o700 });
  const db = openDatabase({
    url: databaseUrl,
    maxConnections: options.databaseConnections,
    onIdleError: (error) => log.warn({ err: error }, 'A database connection broke.'),
  });
  await migrateToLatest(db).catch(async (error: unknown) => {
    await db.destroy();
    throw error;
  });
  await saveTokenIssuer(db, openTokenIssuer(options.settings.authenticationSecret).publicKey);
  await logEarlierFunctions(db);
  const known = await openApiProcess(db, databaseUrl);
  const events = openEventListener(databaseUrl);
  const tracing = startTracing('strongroom-api', options.traceCollector);
  const temporal = openTemporal(options.temporal, tracing);
  const metrics = openMetrics(db, temporal);
  const app = await buildApi({
    db,
    process: known,
    events,
    temporal,
    blobs: await openBlobStore({ folder: join(dataFolder, 'blobs'), s3Url: options.s3Url }),
    enclave: connectEnclave(dataFolder),
    sendMail: openMail({ ...options.mail, outboxFolder: join(dataFolder, 'outbox') }),
    settings: { ...options.settings, uploadsFolder, publicUrl: options.settings.publicUrl ?? `http://${host}:${port}` },
    logger: log,
    metrics,
  });
  const scraped = options.metrics && (await serveMetrics(metrics, options.metrics.host, options.metrics.port));
  const address = await app.listen({ host, port });
  return {
    address,
    stop: async () => {
      // A connection that is idle again after its last answer would otherwise be waited for.
      const dismiss = setInterval(() => {
        app.server.closeIdleConnections();
      }, 100);
      const cutOff = setTimeout(() => {
        app.server.closeAllConnections();
      }, DRAIN_MS);
      await app.close();
      clearInterval(dismiss);
      clearTimeout(cutOff);
      scraped?.close();
      await tracing?.stop();
      await known.end();
      await events.close();
      await temporal.connection.close();
      await db.destroy();
    },
  };
}
