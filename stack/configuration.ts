/** All that can be configured, in one typed place: the platform's settings, and those of a party's agent and CLI. */
import { homedir } from 'node:os';
import path from 'node:path';
import {
  decimal,
  integer,
  oneOf,
  optional,
  port,
  readSettings,
  secret,
  text,
  yesOrNo,
  type SettingRow,
  type Values,
} from './settings.ts';

/** The connection to Temporal; `TEMPORAL_ADDRESS` unset means the embedded server. */
const TEMPORAL = {
  temporalAddress: optional('TEMPORAL_ADDRESS'),
  temporalNamespace: text('TEMPORAL_NAMESPACE', 'default'),
  temporalApiKeyFile: optional('TEMPORAL_API_KEY_FILE'),
  temporalTlsCertificateFile: optional('TEMPORAL_TLS_CLIENT_CERT_PATH'),
  temporalTlsKeyFile: optional('TEMPORAL_TLS_CLIENT_KEY_PATH'),
  payloadKeysFile: optional('STRONGROOM_PAYLOAD_KEYS_FILE'),
} as const;

const dataHome = (): string => process.env.XDG_DATA_HOME ?? path.join(homedir(), '.local', 'share');
const isRoot = (): boolean => process.getuid?.() === 0;

const PLATFORM = {
  /** Postgres may not run as root, and its own user cannot enter root's home. */
  dataFolder: text('STRONGROOM_DATA', isRoot() ? '/var/lib/strongroom' : path.join(dataHome(), 'strongroom-platform')),
  apiHost: text('STRONGROOM_API_HOST', '127.0.0.1'),
  /** 0 takes a free one. */
  apiPort: port('STRONGROOM_API_PORT'),
  /** Where callers reach the API; its own address where it is not set. */
  publicUrl: optional('STRONGROOM_PUBLIC_URL'),
  databaseUrl: secret('DATABASE_URL'),
  databaseConnections: integer('STRONGROOM_DATABASE_CONNECTIONS', 10, 1),
  /** Which version of the code the worker runs; unset leaves worker versioning off. */
  workerBuildId: optional('STRONGROOM_WORKER_BUILD_ID'),
  /** What the embedded Temporal is: a development server on a SQLite file, or the full one in the embedded Postgres. */
  temporalServer: oneOf('STRONGROOM_TEMPORAL_SERVER', 'development', ['development', 'postgres']),
  temporalUiPort: port('STRONGROOM_TEMPORAL_UI_PORT'),
  /** Where operators reach the Web UI of Temporal. */
  temporalUiUrl: optional('STRONGROOM_TEMPORAL_UI_URL'),
  /** Handles of the accounts that operate the platform, with commas between them. */
  operators: text('STRONGROOM_OPERATORS', ''),
  /** The OpenID Connect provider by which people of an organisation sign in; unset, there is none. */
  oidcIssuer: optional('STRONGROOM_OIDC_ISSUER'),
  /** What people call it. */
  oidcName: text('STRONGROOM_OIDC_NAME', 'your organisation'),
  oidcClientId: optional('STRONGROOM_OIDC_CLIENT_ID'),
  oidcClientSecretFile: optional('STRONGROOM_OIDC_CLIENT_SECRET_FILE'),
  /** Of addresses that may sign in, with commas between them; empty takes all. */
  oidcDomains: text('STRONGROOM_OIDC_DOMAINS', ''),
  /** Of addresses for which the provider's word opens an account that is there already. */
  oidcLinkDomains: text('STRONGROOM_OIDC_LINK_DOMAINS', ''),
  /** Whether people sign up and log in by a password. */
  passwords: oneOf('STRONGROOM_PASSWORDS', 'open', ['open', 'closed']),
  smtpUrl: secret('STRONGROOM_SMTP_URL'),
  mailFrom: text('STRONGROOM_MAIL_FROM', 'Strongroom <strongroom@localhost>'),
  /** A bucket for blobs, as https://ENDPOINT/BUCKET?region=REGION; unset keeps them in the data folder. */
  s3Url: optional('STRONGROOM_S3_URL'),
  /** What shuts runners of functions in. */
  sandbox: oneOf('STRONGROOM_SANDBOX', 'bubblewrap', ['bubblewrap', 'docker']),
  /** What the master secret of the key broker is sealed with; null for a file beside it. */
  masterKeyFile: optional('STRONGROOM_MASTER_KEY_FILE'),
  maxUploadBytes: integer('STRONGROOM_MAX_UPLOAD_BYTES', 64 * 2 ** 30, 1),
  quotaBytes: integer('STRONGROOM_QUOTA_BYTES', 256 * 2 ** 30, 1),
  signUpsPerMinute: integer('STRONGROOM_SIGN_UPS_PER_MINUTE', 20, 1),
  logInsPerMinute: integer('STRONGROOM_LOG_INS_PER_MINUTE', 60, 1),
  strangersPerMinute: integer('STRONGROOM_STRANGERS_PER_MINUTE', 600, 1),
  accountPerMinute: integer('STRONGROOM_ACCOUNT_PER_MINUTE', 6_000, 1),
  tokenPerMinute: integer('STRONGROOM_TOKEN_PER_MINUTE', 3_000, 1),
  metricsHost: text('STRONGROOM_METRICS_HOST', '127.0.0.1'),
  /** 0 switches it off, as it does for the worker's. */
  metricsPort: port('STRONGROOM_METRICS_PORT'),
  workerMetricsPort: port('STRONGROOM_WORKER_METRICS_PORT'),
  /** The base address of an OpenTelemetry collector; unset makes no traces. */
  traceCollector: optional('OTEL_EXPORTER_OTLP_ENDPOINT'),
  trustProxy: yesOrNo('STRONGROOM_TRUST_PROXY', false),
  /** Whether webhooks may lead to addresses inside this machine and its networks, and go by plain HTTP. */
  allowPrivateWebhooks: yesOrNo('STRONGROOM_ALLOW_PRIVATE_WEBHOOKS', false),
  logLevel: oneOf('STRONGROOM_LOG_LEVEL', 'info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  ...TEMPORAL,
} as const;

const PARTY = {
  home: text('STRONGROOM_HOME', path.join(dataHome(), 'strongroom')),
  apiUrl: optional('STRONGROOM_API_URL'),
  memoryBytes: integer('STRONGROOM_RUN_MEMORY_BYTES', 4 * 2 ** 30, 2 ** 20),
  cpus: decimal('STRONGROOM_RUN_CPUS', 2),
  pids: integer('STRONGROOM_RUN_PIDS', 256, 1),
  timeoutSeconds: integer('STRONGROOM_RUN_TIMEOUT_SECONDS', 3_600, 1),
  outputMaxBytes: integer('STRONGROOM_RUN_OUTPUT_MAX_BYTES', 2 ** 30, 1),
  shmBytes: integer('STRONGROOM_RUN_SHM_BYTES', 2 ** 30, 1),
  downloadMaxBytes: integer('STRONGROOM_DOWNLOAD_MAX_BYTES', 64 * 2 ** 30, 1),
  downloadStallSeconds: integer('STRONGROOM_DOWNLOAD_STALL_SECONDS', 60, 1),
  downloadTotalSeconds: integer('STRONGROOM_DOWNLOAD_TOTAL_SECONDS', 6 * 3_600, 1),
  allowPrivateAddresses: yesOrNo('STRONGROOM_ALLOW_PRIVATE_ADDRESSES', false),
  ...TEMPORAL,
} as const;

export type PlatformConfiguration = Values<typeof PLATFORM>;
export type PartyConfiguration = Values<typeof PARTY>;
export type TemporalSettings = Values<typeof TEMPORAL>;

/** One environment often serves both: a variable of the one is not unknown to the other. */
const VARIABLES = [...Object.values(PLATFORM), ...Object.values(PARTY)].map(({ variable }) => variable);

type Environment = Readonly<Record<string, string | undefined>>;

/** From the environment and `config.yaml` in the data folder. Fails with `E_CONFIG`. */
export const readPlatformConfiguration = (env: Environment = process.env): PlatformConfiguration =>
  platform(env).values;

/** From the environment and `config.yaml` in the party's home. Fails with `E_CONFIG`. */
export const readPartyConfiguration = (env: Environment = process.env): PartyConfiguration => party(env).values;

/** All settings with their values and origins, secrets as `(set)`. */
export const describeConfiguration = (env: Environment = process.env): readonly SettingRow[] => [
  ...party(env).rows,
  ...platform(env).rows.filter(({ key }) => !(key in TEMPORAL)),
];

const platform = (env: Environment) =>
  readSettings(PLATFORM, VARIABLES, env, path.join(env.STRONGROOM_DATA || PLATFORM.dataFolder.fallback, 'config.yaml'));

const party = (env: Environment) =>
  readSettings(PARTY, VARIABLES, env, path.join(env.STRONGROOM_HOME || PARTY.home.fallback, 'config.yaml'));
