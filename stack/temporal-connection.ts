/** Connections to Temporal, whichever it is: the embedded server, a cluster of one's own, or Temporal Cloud. */
import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import type { TemporalSettings } from './configuration.ts';
import { EncryptionCodec } from './payload-codec.ts';

export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls?: true | { readonly clientCertPair: { readonly crt: Buffer; readonly key: Buffer } };
  readonly apiKey?: string;
}

/** What a connection takes; the secrets come from files, never from the environment. */
export function temporalConnectionOptions(settings: TemporalSettings, address: string): TemporalConnectionOptions {
  const { temporalApiKeyFile, temporalTlsCertificateFile: certificate, temporalTlsKeyFile: key } = settings;
  const pair = certificate && key && { clientCertPair: { crt: readFileSync(certificate), key: readFileSync(key) } };
  if (temporalApiKeyFile) {
    return { address, tls: pair || true, apiKey: readFileSync(temporalApiKeyFile, 'utf8').trim() };
  }
  return pair ? { address, tls: pair } : { address };
}

/** How payloads are written: encrypted where a key ring is configured. Fails with `E_CONFIG`. */
export const dataConverterOf = ({ payloadKeysFile }: TemporalSettings): DataConverter =>
  payloadKeysFile === null ? {} : { payloadCodecs: [new EncryptionCodec(payloadKeysFile)] };

export interface OpenClient {
  readonly client: Client;
  close(): Promise<void>;
}

export async function connectTemporalClient(settings: TemporalSettings, address: string): Promise<OpenClient> {
  const connection = await Connection.connect(temporalConnectionOptions(settings, address));
  return {
    client: new Client({
      connection,
      namespace: settings.temporalNamespace,
      dataConverter: dataConverterOf(settings),
    }),
    close: () => connection.close(),
  };
}

export const connectTemporalWorker = (settings: TemporalSettings, address: string): Promise<NativeConnection> =>
  NativeConnection.connect(temporalConnectionOptions(settings, address));
