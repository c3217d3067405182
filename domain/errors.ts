/**
 * Every failure that a person may see has a code from this table. Codes are stable: scripts, `docs/errors.md` and the
 * exit codes of the CLI hang on them.
 */

/** Exit codes of the CLI; the numbers are part of its contract. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  integrity: 3,
  signedOut: 4,
  notAllowed: 5,
  notFound: 6,
  conflict: 7,
  network: 8,
  noSpace: 9,
  attestation: 10,
  dockerMissing: 11,
  interrupted: 130,
} as const;

interface ErrorKind {
  /** HTTP status of the problem document. */
  readonly status: number;
  readonly exit: number;
  /** Whether the same request may succeed later without anyone changing anything. */
  readonly retryable: boolean;
}

const kind = (status: number, exit: number, retryable = false): ErrorKind => ({ status, exit, retryable });

export const ERROR_KINDS = {
  // The request itself
  E_USAGE: kind(400, EXIT.usage),
  E_INVALID_NAME: kind(400, EXIT.usage),
  E_INVALID_REQUEST: kind(400, EXIT.usage),
  E_CONFIG: kind(400, EXIT.usage),
  E_CONTAINER_CONFIG: kind(400, EXIT.usage),
  E_IF_MATCH_MISSING: kind(428, EXIT.usage),
  E_METHOD_NOT_ALLOWED: kind(405, EXIT.usage),
  E_REQUEST_TIMEOUT: kind(408, EXIT.network, true),
  E_HEADERS_TOO_LARGE: kind(431, EXIT.usage),
  E_PAYLOAD_TOO_LARGE: kind(413, EXIT.usage),
  E_UNSUPPORTED_MEDIA_TYPE: kind(415, EXIT.usage),
  E_RANGE: kind(416, EXIT.usage),
  // Who is asking
  E_SIGNED_OUT: kind(401, EXIT.signedOut),
  E_WRONG_CREDENTIALS: kind(401, EXIT.signedOut),
  E_WEAK_PASSWORD: kind(422, EXIT.usage),
  E_LOGIN_PENDING: kind(409, EXIT.conflict, true),
  E_LOGIN_REFUSED: kind(403, EXIT.notAllowed),
  E_SIGN_IN_REFUSED: kind(403, EXIT.notAllowed),
  E_PASSWORDS_CLOSED: kind(403, EXIT.notAllowed),
  E_EMAIL_NOT_VERIFIED: kind(403, EXIT.signedOut),
  E_NOT_ALLOWED: kind(403, EXIT.notAllowed),
  E_TOKEN_SCOPE: kind(403, EXIT.notAllowed),
  E_TOO_MANY_REQUESTS: kind(429, EXIT.network, true),
  // What is there
  E_NOT_FOUND: kind(404, EXIT.notFound),
  E_FILE_NOT_FOUND: kind(404, EXIT.notFound),
  E_IMAGE_NOT_FOUND: kind(404, EXIT.notFound),
  E_KEY_NOT_FOUND: kind(404, EXIT.notFound),
  E_DATASET_NOT_FOUND: kind(404, EXIT.notFound),
  E_ALREADY_EXISTS: kind(409, EXIT.conflict),
  E_CONFLICT: kind(409, EXIT.conflict),
  E_ALREADY_RUNNING: kind(409, EXIT.conflict),
  E_CHANGED_MEANWHILE: kind(412, EXIT.conflict),
  E_IDEMPOTENCY_KEY_BUSY: kind(409, EXIT.conflict, true),
  E_IDEMPOTENCY_KEY_REUSED: kind(422, EXIT.usage),
  E_OUTPUT_EXISTS: kind(409, EXIT.conflict),
  // Benchmarks, associations, votes
  E_BENCHMARK_CLOSED: kind(409, EXIT.conflict),
  E_ALREADY_ASSOCIATED: kind(409, EXIT.conflict),
  E_PENDING_APPROVAL: kind(409, EXIT.conflict),
  E_NOT_APPROVED: kind(403, EXIT.notAllowed),
  E_DEADLINE_PASSED: kind(409, EXIT.conflict),
  E_CHANGES_REQUESTED: kind(409, EXIT.conflict),
  E_ALREADY_DECIDED: kind(409, EXIT.conflict),
  E_NOT_A_MEMBER: kind(403, EXIT.notAllowed),
  E_CONSENT_NOT_AWAITED: kind(409, EXIT.conflict),
  E_CONSENT_REFUSED: kind(409, EXIT.conflict),
  // Certificates and access
  E_NO_CERTIFICATE: kind(409, EXIT.notAllowed),
  E_CERTIFICATE_EXPIRED: kind(403, EXIT.notAllowed),
  E_CERTIFICATE_REVOKED: kind(403, EXIT.notAllowed),
  E_CERTIFICATE_NOT_CERTIFIED: kind(403, EXIT.notAllowed),
  E_CERTIFICATE_UNSUITABLE: kind(422, EXIT.notAllowed),
  E_CERTIFICATE_CHANGED: kind(409, EXIT.notAllowed),
  E_NOT_AUTHORISED: kind(403, EXIT.notAllowed),
  E_ALREADY_GRANTED: kind(409, EXIT.conflict),
  E_NO_ACCESS: kind(403, EXIT.notAllowed),
  E_ACCESS_REVOKED: kind(403, EXIT.notAllowed),
  E_ACCESS_CLOSED: kind(403, EXIT.notAllowed),
  E_ACCESS_CHANGED: kind(409, EXIT.conflict),
  E_ARCHIVE_CHANGED: kind(409, EXIT.conflict),
  E_GRANT_INVALID: kind(422, EXIT.integrity),
  // Archives and keys
  E_WRONG_KEY: kind(422, EXIT.signedOut),
  E_DAMAGED: kind(422, EXIT.integrity),
  E_TRUNCATED: kind(422, EXIT.integrity),
  E_TRAILING_DATA: kind(422, EXIT.integrity),
  E_UNPROTECTED: kind(422, EXIT.integrity),
  E_DIGEST_MISMATCH: kind(422, EXIT.integrity),
  E_TOO_LARGE: kind(422, EXIT.integrity),
  E_HOSTILE_ARCHIVE: kind(422, EXIT.integrity),
  E_NOT_AN_ARCHIVE: kind(422, EXIT.integrity),
  E_KEY_FILE: kind(400, EXIT.usage),
  // Downloads
  E_DOWNLOAD: kind(502, EXIT.network),
  E_DOWNLOAD_STALLED: kind(504, EXIT.network),
  E_ADDRESS_NOT_ALLOWED: kind(403, EXIT.notAllowed),
  // Running containers
  E_DOCKER_MISSING: kind(503, EXIT.dockerMissing),
  E_DOCKER_UNAVAILABLE: kind(503, EXIT.dockerMissing, true),
  E_CONTAINER_FAILED: kind(422, EXIT.failed),
  E_CONTAINER_KILLED: kind(503, EXIT.failed, true),
  E_CONTAINER_TIMEOUT: kind(422, EXIT.failed),
  E_CONTAINER_OUTPUT_EMPTY: kind(422, EXIT.failed),
  E_CONTAINER_OUTPUT_TOO_LARGE: kind(422, EXIT.failed),
  E_RESULTS_INVALID: kind(422, EXIT.failed),
  E_DATASET_UNREADABLE: kind(403, EXIT.notAllowed),
  E_DATASET_CHANGED: kind(409, EXIT.integrity),
  // Functions and their runners
  E_FUNCTION_INVALID: kind(422, EXIT.usage),
  E_MODEL_INVALID: kind(422, EXIT.integrity),
  E_INPUT_INVALID: kind(400, EXIT.usage),
  E_FUNCTION_FAILED: kind(422, EXIT.failed),
  E_FUNCTION_DENIED: kind(422, EXIT.notAllowed),
  E_FUNCTION_TIMEOUT: kind(422, EXIT.failed),
  E_FUNCTION_MEMORY: kind(422, EXIT.failed),
  E_FUNCTION_CRASHED: kind(422, EXIT.failed),
  E_RUNNER_RESTARTED: kind(409, EXIT.network, true),
  E_SANDBOX_MISSING: kind(503, EXIT.failed),
  // Proofs about runners, and what is sealed to them
  E_ATTESTATION: kind(422, EXIT.attestation),
  E_ATTESTATION_UNSUPPORTED: kind(422, EXIT.attestation),
  E_CHANNEL: kind(422, EXIT.integrity),
  E_USER_KEY_CHANGED: kind(409, EXIT.notAllowed),
  E_SEALED_INPUT: kind(422, EXIT.integrity),
  E_RECEIPT: kind(422, EXIT.integrity),
  E_LOG_INVALID: kind(422, EXIT.integrity),
  E_NOT_WITNESSED: kind(422, EXIT.integrity, true),
  E_AUDIT_LOG: kind(422, EXIT.integrity),
  // The machine and the platform
  E_NO_SPACE: kind(507, EXIT.noSpace),
  E_UNAVAILABLE: kind(503, EXIT.network, true),
  E_AGENT_NOT_RUNNING: kind(503, EXIT.network, true),
  E_INTERRUPTED: kind(499, EXIT.interrupted),
  E_INTERNAL: kind(500, EXIT.failed, true),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_KINDS, value);

export interface ErrorAdvice {
  /** Why it happened, in one sentence. */
  readonly why?: string;
  /** What the reader can do now, in one sentence; a command where there is one. */
  readonly next?: string;
  readonly cause?: unknown;
}

/**
 * A failure in the words of the field: what happened (`message`), why, and what to do next.
 * None of the three may hold a key, a passphrase, a token or plaintext.
 */
export class StrongroomError extends Error {
  override readonly name = 'StrongroomError';
  readonly code: ErrorCode;
  readonly why: string | undefined;
  readonly next: string | undefined;

  constructor(code: ErrorCode, what: string, advice: ErrorAdvice = {}) {
    super(what, advice.cause === undefined ? undefined : { cause: advice.cause });
    this.code = code;
    this.why = advice.why;
    this.next = advice.next;
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** The plain form in which a failure crosses a process: through Temporal, over HTTP and in `--json`. */
export interface ErrorFields {
  readonly code: ErrorCode;
  readonly message: string;
  readonly why?: string | undefined;
  readonly next?: string | undefined;
}

export const toErrorFields = (error: StrongroomError): ErrorFields => ({
  code: error.code,
  message: error.message,
  why: error.why,
  next: error.next,
});

export function fromErrorFields(fields: ErrorFields): StrongroomError {
  const { code, message, why, next } = fields;
  return new StrongroomError(code, message, { ...(why && { why }), ...(next && { next }) });
}
