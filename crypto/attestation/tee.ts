/** The kinds of trusted execution environment, and how the evidence of those that are not supported is recognised. */
import { StrongroomError } from '../../domain/errors.ts';

/** `software` proves only that the operator's key vouches for the registers; it is never taken for hardware. */
export const SUPPORTED_TEES = ['nitro', 'software'] as const;
export const UNSUPPORTED_TEES = ['sev-snp', 'tdx'] as const;
export type SupportedTee = (typeof SUPPORTED_TEES)[number];
export type UnsupportedTee = (typeof UNSUPPORTED_TEES)[number];
export type Tee = SupportedTee | UnsupportedTee;

/** An AMD SEV-SNP report has this length (SEV-SNP ABI, table ATTESTATION_REPORT). */
const SNP_REPORT_BYTES = 1184;
/** A TDX quote begins with version 4 or 5, key type 2 or 3, TEE type 0x81. */
const TDX_QUOTE = /^0[45]000[23]0081000000/;

/** Fails with `E_ATTESTATION_UNSUPPORTED` for evidence of a kind that is known but cannot be checked here. */
export function refuseUnsupported(evidence: Uint8Array): void {
  if (TDX_QUOTE.test(Buffer.from(evidence.subarray(0, 8)).toString('hex'))) throw unsupportedTee('tdx');
  if (evidence.length === SNP_REPORT_BYTES && (evidence[0] ?? 0) <= 5 && evidence[1] === 0) {
    throw unsupportedTee('sev-snp');
  }
}

export const unsupportedTee = (tee: UnsupportedTee): StrongroomError =>
  new StrongroomError('E_ATTESTATION_UNSUPPORTED', `Evidence of the type ${tee} cannot be checked.`, {
    why: `Only these types are supported: ${SUPPORTED_TEES.join(', ')}.`,
    next: 'Use a runner of a supported type.',
  });
