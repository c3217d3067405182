/** What the API's process takes from the configuration. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { PlatformConfiguration } from '../stack/configuration.ts';
import { dataConverterOf, temporalConnectionOptions } from '../stack/temporal-connection.ts';
import type { ApiProcessOptions } from './process.ts';
import { readLogInSettings } from '../stack/log-in-settings.ts';

/** Fails with `E_CONFIG` where the database or Temporal is not named: whoever starts this process knows both. */
export async function toProcessOptions(configuration: PlatformConfiguration): Promise<ApiProcessOptions> {
  const { dataFolder, databaseUrl, temporalAddress, apiHost, apiPort, metricsPort } = configuration;
  if (databaseUrl === null) throw missing('DATABASE_URL', 'Postgres');
  if (temporalAddress === null) throw missing('TEMPORAL_ADDRESS', 'Temporal');
  const dataConverter = dataConverterOf(configuration);
  return {
    host: apiHost,
    port: apiPort,
    databaseUrl,
    databaseConnections: configuration.databaseConnections,
    temporal: {
      ...temporalConnectionOptions(configuration, temporalAddress),
      namespace: configuration.temporalNamespace,
      dataConverter,
    },
    dataFolder,
    s3Url: configuration.s3Url,
    mail: { from: configuration.mailFrom, smtpUrl: configuration.smtpUrl },
    logLevel: configuration.logLevel,
    metrics: metricsPort === 0 ? null : { host: configuration.metricsHost, port: metricsPort },
    traceCollector: configuration.traceCollector,
    settings: {
      publicUrl: configuration.publicUrl,
      authenticationSecret: await readSecret(join(dataFolder, 'api')),
      maxUploadBytes: configuration.maxUploadBytes,
      quotaBytes: configuration.quotaBytes,
      signUpsPerMinute: configuration.signUpsPerMinute,
      logInsPerMinute: configuration.logInsPerMinute,
      strangersPerMinute: configuration.strangersPerMinute,
      accountPerMinute: configuration.accountPerMinute,
      tokenPerMinute: configuration.tokenPerMinute,
      trustProxy: configuration.trustProxy,
      allowPrivateWebhooks: configuration.allowPrivateWebhooks,
      operators: configuration.operators.split(',').map((handle) => handle.trim()),
      logIn: readLogInSettings(configuration),
      temporalUiUrl: configuration.temporalUiUrl,
      payloadCodec: dataConverter.payloadCodecs?.[0] ?? null,
    },
  };
}

const missing = (variable: string, what: string) =>
  new StrongroomError('E_CONFIG', `The API is not told where ${what} is.`, {
    next: `Set ${variable}, or start the whole stack: strongroom up`,
  });

/** The secret that sessions are signed with; made by the first process that asks. Deleting it ends all sessions. */
async function readSecret(folder: string): Promise<string> {
  const file = join(folder, 'session-secret');
  const draft = `${file}.${randomUUID()}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(draft, randomBytes(48).toString('base64url'), { mode: 0o600 });
  // A link appears complete, and only once: of two processes that start together both read the same secret.
  await link(draft, file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return readFile(file, 'utf8');
}
