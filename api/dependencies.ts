/** What the API needs from the outside, so that tests and the process can each give it their own. */
import type { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { FastifyBaseLogger } from 'fastify';
import type { ApiProcess } from '../storage/api-process.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Db } from '../storage/database.ts';
import type { EventListener } from '../storage/event-listener.ts';
import type { Metrics } from './metrics.ts';
import type { SendMail } from '../storage/mail.ts';
import type { Enclave } from './enclave.ts';
import type { LogInSettings } from '../stack/log-in-settings.ts';

export interface ApiSettings {
  /** Where callers reach the API, without a path: links in mails and URLs of blobs begin with it. */
  readonly publicUrl: string;
  /** At least 32 random characters that only the API's processes know: sessions and mails are signed with it. */
  readonly authenticationSecret: string;
  /** Where unfinished uploads lie; on the file system of the blob store. */
  readonly uploadsFolder: string;
  readonly maxUploadBytes: number;
  /** Bytes that one account may have on the platform. */
  readonly quotaBytes: number;
  /** Sign-ups, mails and verifications that one network address may ask for; a tenth of it in mails to one e-mail address. */
  readonly signUpsPerMinute: number;
  /** Log-ins that one network address may try; a tenth of it for one e-mail address. */
  readonly logInsPerMinute: number;
  /** Requests of one network address that no token vouches for. */
  readonly strangersPerMinute: number;
  /** Requests of one account, whatever it shows. */
  readonly accountPerMinute: number;
  /** Requests by one personal access token. */
  readonly tokenPerMinute: number;
  /** Accounts that operate the platform. */
  readonly operators: readonly string[];
  /** Where operators reach Temporal's Web UI, without a slash at the end; `null` where nobody said. */
  readonly temporalUiUrl: string | null;
  /** What opens encrypted payloads for the Web UI; `null` where they are not encrypted. */
  readonly payloadCodec: PayloadCodec | null;
  readonly logIn: LogInSettings;
  /** Whether webhooks may go by plain HTTP, as inside a network of one's own. */
  readonly allowPrivateWebhooks: boolean;
  /** Whether a proxy in front says who the caller is (`X-Forwarded-For`). */
  readonly trustProxy: boolean;
}

export interface ApiDependencies {
  readonly db: Db;
  /** This process, as the others know it. */
  readonly process: ApiProcess;
  readonly blobs: BlobStore;
  readonly events: EventListener;
  readonly temporal: Client;
  readonly sendMail: SendMail;
  readonly enclave: Enclave;
  readonly settings: ApiSettings;
  readonly logger: FastifyBaseLogger | false;
  readonly metrics?: Metrics;
}
