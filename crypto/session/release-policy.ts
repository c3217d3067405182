/**
 * The release policy of a runner: whose tokens it takes. Its digest is in a register of the attestation document, so
 * that a host cannot hand a runner a key of its own with which it would sign itself in.
 */
import { StrongroomError } from '../../domain/errors.ts';

export interface RunnerReleasePolicy {
  /** Raw Ed25519 key of the platform, which signs invocation tokens. */
  readonly tokenKey: Uint8Array;
}

const FIRST_LINE = 'strongroom release policy 1';

/** The text that is measured. */
export const formatReleasePolicy = ({ tokenKey }: RunnerReleasePolicy): string =>
  `${FIRST_LINE}\ntokens ${Buffer.from(tokenKey).toString('hex')}\n`;

/** Fails with `E_CONFIG` on what `formatReleasePolicy` does not write. */
export function parseReleasePolicy(text: string): RunnerReleasePolicy {
  const [, digits] = /^strongroom release policy 1\ntokens ([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (digits !== undefined) return { tokenKey: new Uint8Array(Buffer.from(digits, 'hex')) };
  throw new StrongroomError('E_CONFIG', 'The release policy of the runner cannot be read.');
}
