/** The head of the audit log, signed by a key that only a worker holds: readers keep it, and later nothing before it can change unseen. */
export const SIGN_AUDIT_HEAD = 'signAuditHead';
export const SIGN_AUDIT_HEAD_WORKFLOW_ID = 'audit-head';

export interface SignedAuditHead {
  /** A signed note: the log's name, the number of its last entry, and the hash of that entry in base64. */
  readonly note: string;
  /** By which the signature is checked, as `NAME+HASH+KEY`. */
  readonly key: string;
}
