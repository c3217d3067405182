/**
 * Who may do what: one row for each operation of the API. The server refuses whatever has no row here, asks the table
 * about every request, and the page `docs/permissions.md` is made out of it.
 */
import type { ErrorCode } from './errors.ts';

/** What a personal access token may be good for. A session is good for everything. */
export const SCOPES = {
  read: 'see what the account sees',
  submit: 'upload, register containers and datasets, and ask for associations',
  benchmark: 'create and change benchmarks',
  review: 'vote on requests to committees',
  access: 'grant and revoke access to containers, and rotate their keys',
  certificate: 'have certificates certified, and revoke them',
  run: 'fetch wrapped keys, and submit results',
  function: 'deploy, delete and call functions',
  operate: 'operate the platform, where the account is an operator',
} as const;
export type Scope = keyof typeof SCOPES;

export const isScope = (word: string): word is Scope => Object.hasOwn(SCOPES, word);

/** What a caller is to the thing that an operation is about; one may be several at once. Whoever is none is `other`. */
export const STANDINGS = {
  own: 'its own',
  committee: 'committee member, same benchmark',
  containerOwner: 'container owner, same benchmark',
  dataOwner: 'authorised data owner, same benchmark',
  other: 'account, none of these',
} as const;
export type Standing = keyof typeof STANDINGS;

/** The things that operations are about. `storage/standings.ts` finds out what a caller is to each. */
export type Subject =
  | 'association'
  | 'benchmark'
  | 'container'
  | 'dataset'
  | 'certificate'
  | 'wrapped key'
  | 'access token'
  | 'upload'
  | 'job'
  | 'webhook'
  | 'workflow';

/** What a token needs; `session` is for what no token can do. */
export type Need = Scope | 'session';

export type Permission =
  /** No token needed, none looked at. */
  | { readonly callers: 'anyone' }
  /** On nothing, or on what is the caller's own by its making; lists hold what the caller may see. */
  | { readonly callers: 'account'; readonly need: Need }
  /** Accounts that configuration names. */
  | { readonly callers: 'operator'; readonly need: Need }
  | {
      readonly callers: 'by standing';
      readonly need: Need;
      readonly subject: Subject;
      readonly may: readonly Standing[];
      /** They know that it is there, and are refused with 403; to all others it is not there. */
      readonly sees: readonly Standing[];
      /** The code of that refusal, where it has one of its own. */
      readonly refusal?: ErrorCode;
    };

const anyone: Permission = { callers: 'anyone' };
const account = (need: Need): Permission => ({ callers: 'account', need });
const operator: Permission = { callers: 'operator', need: 'operate' };

interface Seen {
  readonly sees?: readonly Standing[];
  readonly refusal?: ErrorCode;
}
const on = (subject: Subject, need: Need, may: readonly Standing[], { sees = [], ...rest }: Seen = {}): Permission => ({
  callers: 'by standing',
  need,
  subject,
  may,
  sees,
  ...rest,
});

const everyone: readonly Standing[] = ['own', 'committee', 'containerOwner', 'dataOwner', 'other'];

/** What a committee decides about its benchmark, each member for all. */
const byCommittee = on('benchmark', 'benchmark', ['committee'], {
  sees: ['own', 'containerOwner', 'dataOwner', 'other'],
  refusal: 'E_NOT_A_MEMBER',
});

/** By the name of the operation, which is `operationId` in the OpenAPI document. */
export const PERMISSIONS = {
  // Accounts
  signUp: anyone,
  verifyEmail: anyone,
  followVerificationLink: anyone,
  resendVerification: anyone,
  requestPasswordReset: anyone,
  setPassword: anyone,
  readLogInWays: anyone,
  logIn: anyone,
  beginDeviceLogin: anyone,
  // The code of the device stands for the caller.
  logInDevice: anyone,
  readDeviceLogin: account('session'),
  approveDeviceLogin: account('session'),
  refuseDeviceLogin: account('session'),
  logOut: account('session'),
  listSessions: account('session'),
  logOutEverywhere: account('session'),
  readAccount: account('read'),
  createToken: account('session'),
  listTokens: account('session'),
  deleteToken: on('access token', 'session', ['own']),

  // Certificates
  readAuthority: anyone,
  createChallenge: account('certificate'),
  createCertificate: account('certificate'),
  listCertificates: account('read'),
  readCertificate: on('certificate', 'read', ['own', 'containerOwner']),
  revokeCertificate: on('certificate', 'certificate', ['own'], { sees: ['containerOwner'] }),

  // Registrations. Whoever knows the digest of a blob may have it: it is ciphertext, or published.
  createBenchmark: account('benchmark'),
  listBenchmarks: account('read'),
  readBenchmark: on('benchmark', 'read', everyone),
  closeBenchmark: on('benchmark', 'benchmark', ['own', 'committee'], {
    sees: ['containerOwner', 'dataOwner', 'other'],
  }),
  readApprovalPolicies: on('benchmark', 'read', ['own', 'committee'], {
    sees: ['containerOwner', 'dataOwner', 'other'],
  }),
  setApprovalPolicies: byCommittee,
  addMember: byCommittee,
  removeMember: byCommittee,
  inviteContainer: byCommittee,
  withdrawInvitation: byCommittee,
  listInvitations: account('read'),
  registerContainer: account('submit'),
  listContainers: account('read'),
  readContainer: on('container', 'read', ['own', 'committee', 'dataOwner']),
  rotateKey: on('container', 'access', ['own'], { sees: ['committee', 'dataOwner'] }),
  registerDataset: account('submit'),
  listDatasets: account('read'),
  readDataset: on('dataset', 'read', ['own', 'committee']),
  readBlob: account('read'),
  createUpload: account('submit'),
  continueUpload: on('upload', 'submit', ['own']),

  // Associations
  checkAssociation: account('submit'),
  requestAssociation: account('submit'),
  listAssociations: account('read'),
  readAssociation: on('association', 'read', ['own', 'committee']),
  castVote: on('association', 'review', ['committee'], { sees: ['own'], refusal: 'E_NOT_A_MEMBER' }),
  leaveBenchmark: on('association', 'submit', ['own'], { sees: ['committee'] }),
  withdrawAssociation: on('association', 'submit', ['own'], { sees: ['committee'] }),

  // Access
  listRecipients: on('association', 'access', ['own'], { sees: ['committee'] }),
  createGrants: on('association', 'access', ['own'], { sees: ['committee'] }),
  listGrants: on('association', 'read', ['own'], { sees: ['committee'] }),
  revokeGrants: on('association', 'access', ['own'], { sees: ['committee'] }),
  deleteGrants: on('association', 'access', ['own'], { sees: ['committee'] }),
  fetchGrant: on('wrapped key', 'run', ['own', 'dataOwner']),

  // Results: the committee gets all, others their own
  submitResult: account('run'),
  listResults: on('benchmark', 'read', everyone),

  streamEvents: account('read'),
  streamWorkflow: on('workflow', 'read', ['own', 'committee']),
  // They carry what happens out of the platform: no token alone sets one up.
  createWebhook: account('session'),
  listWebhooks: account('read'),
  readWebhookSettings: on('webhook', 'read', ['own']),
  setWebhookSettings: on('webhook', 'session', ['own']),
  enableWebhook: on('webhook', 'session', ['own']),
  rotateWebhookSecret: on('webhook', 'session', ['own']),
  deleteWebhook: on('webhook', 'session', ['own']),
  listWebhookDeliveries: on('webhook', 'read', ['own']),
  redeliverWebhook: on('webhook', 'session', ['own']),

  // Functions: whose policy does not admit the caller is not there for it, which the handlers look up with the function
  deployFunction: account('function'),
  listFunctions: account('read'),
  readFunction: account('read'),
  readFunctionByName: account('read'),
  deleteFunction: account('function'),
  openSession: account('function'),
  readEnclave: account('read'),
  attestUserKey: account('function'),
  // Whoever seals to the account notices: no token alone does it.
  rotateSealingKey: account('session'),
  // The ticket of the first message stands for the caller.
  connectSession: anyone,

  // Jobs
  createJob: account('function'),
  listJobs: account('read'),
  readJob: on('job', 'read', ['own']),
  readJobResults: on('job', 'read', ['own']),
  pauseJob: on('job', 'function', ['own']),
  resumeJob: on('job', 'function', ['own']),
  cancelJob: on('job', 'function', ['own']),
  deleteJob: on('job', 'function', ['own']),

  // The transparency log
  readLogCheckpoint: account('read'),
  proveLogInclusion: account('read'),
  listLogEntries: account('read'),

  listAuditEntries: operator,
  readAuditHead: account('read'),

  // What operators look at, and what is there for everyone
  readOperationsPage: anyone,
  logInAsOperator: anyone,
  readDevicePage: anyone,
  // The browser that went to the provider is known by a cookie.
  beginSignIn: anyone,
  finishSignIn: anyone,
  logInSignedIn: anyone,
  listWaitingWork: operator,
  askToDecodePayloads: anyone,
  decodePayloads: operator,
  readHealth: anyone,
  readDocumentation: anyone,
} as const satisfies Record<string, Permission>;

export type Operation = keyof typeof PERMISSIONS;

/** The row of an operation. What is not in the table has none, and nobody may do it. */
export const permissionFor = (operation: string | undefined): Permission | undefined =>
  operation !== undefined && Object.hasOwn(PERMISSIONS, operation) ? PERMISSIONS[operation as Operation] : undefined;

/** Whether what a caller is to a thing is enough; with no standing at all the thing is not there. */
export function judge(
  { may, sees }: Extract<Permission, { callers: 'by standing' }>,
  standings: readonly Standing[],
): 'allowed' | 'refused' | 'unseen' {
  if (standings.some((standing) => may.includes(standing))) return 'allowed';
  return standings.some((standing) => sees.includes(standing)) ? 'refused' : 'unseen';
}

/**
 * The Updates of the workflows, and who can send them. Those of the platform's come through an operation of the API and
 * so through its row; those of a party's come from the party itself, as nobody else reaches its Temporal.
 */
export const UPDATES: Readonly<Record<string, Operation | 'the party itself'>> = {
  'review-association/vote': 'castVote',
  'review-association/withdraw': 'withdrawAssociation',
  'run-job/pause': 'pauseJob',
  'run-job/resume': 'resumeJob',
  'run-job/cancel': 'cancelJob',
  'associate-container/consent': 'the party itself',
  'run-model/submitConsent': 'the party itself',
  'manage-access/grant': 'the party itself',
  'manage-access/revoke': 'the party itself',
  'manage-access/autoGrant': 'the party itself',
  'manage-access/deleteKeys': 'the party itself',
};
