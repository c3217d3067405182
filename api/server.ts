/** Entry point of the API's process: configuration from the environment, and an end in good order. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { temporalConnectionOptions } from '../stack/temporal-connection.ts';
import { startApi } from './process.ts';

const config = readPlatformConfiguration();
const { databaseUrl, temporalAddress } = config;
if (databaseUrl === null || temporalAddress === null) {
  throw new StrongroomError('E_CONFIG', 'The API needs DATABASE_URL and TEMPORAL_ADDRESS.', {
    next: 'Start the whole platform instead: strongroom up',
  });
}
const api = await startApi({
  host: config.apiHost,
  port: config.apiPort,
  databaseUrl,
  databaseConnections: config.databaseConnections,
  temporal: { ...temporalConnectionOptions(config, temporalAddress), namespace: config.temporalNamespace },
  dataFolder: config.dataFolder,
  mail: { from: config.mailFrom, smtpUrl: config.smtpUrl },
  settings: {
    publicUrl: config.publicUrl ?? `http://${config.apiHost}:${config.apiPort}`,
    authenticationSecret: await keepSecret(join(config.dataFolder, 'api', 'session-secret')),
    maxUploadBytes: config.maxUploadBytes,
    quotaBytes: config.quotaBytes,
    signUpsPerMinute: config.signUpsPerMinute,
    logInsPerMinute: config.logInsPerMinute,
    trustProxy: config.trustProxy,
  },
  logLevel: config.logLevel,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void api.stop().then(() => process.exit(0));
  });
}

/** Sessions are signed with it; made at the first start, and readable by the API's user only. */
async function keepSecret(file: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  await writeFile(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return readFile(file, 'utf8');
}
