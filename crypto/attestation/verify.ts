/** Whether an attestation document proves what a policy demands: one list of steps, which people can read too. */
import type { Sha256 } from '../../domain/ids.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { CertificateChain } from './certificate-chain.ts';
import { brokenChain, fingerprintOf, outOfDate, readChain } from './certificate-chain.ts';
import { isSignedBy } from './cose-sign1.ts';
import type { AttestationDocument } from './document.ts';
import { parseAttestationDocument, SOFTWARE_REGISTERS } from './document.ts';
import type { AttestationPolicy } from './policy.ts';
import { parseAttestationPolicy } from './policy.ts';

export interface AttestationStep {
  readonly name: string;
  /** What was compared with what, in a sentence. */
  readonly checked: string;
  /** `not demanded`: the policy says `null` or names nothing; `not reached`: an earlier step failed. */
  readonly verdict: 'passed' | 'failed' | 'not demanded' | 'not reached';
}

export interface VerifiedAttestation {
  readonly tee: AttestationDocument['tee'];
  readonly moduleId: string;
  readonly timestamp: string;
  readonly registers: ReadonlyMap<number, string>;
  readonly functionChecksum: Sha256 | null;
  readonly channelKey: Uint8Array | null;
  readonly receiptKey: Uint8Array | null;
  readonly userData: Uint8Array | null;
  /** SHA-256 of the document: what channels and receipts are bound to. */
  readonly documentHash: Sha256;
  readonly steps: readonly AttestationStep[];
}

const SEND_NOTHING = 'Send nothing to this runner. Ask its operator, or correct the policy.';

/** A refusal with every step that led to it. */
export class AttestationError extends StrongroomError {
  readonly steps: readonly AttestationStep[];

  constructor(what: string, why: string, steps: readonly AttestationStep[], next = SEND_NOTHING) {
    super('E_ATTESTATION', what, { why, next });
    this.steps = steps;
  }
}

type Verdict = readonly ['passed' | 'failed' | 'not demanded', string];
interface Evidence {
  readonly document: AttestationDocument;
  readonly chain: CertificateChain;
  readonly policy: AttestationPolicy;
  readonly at: Date;
}

/** How far the clock of a runner may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000;
const CHANNEL_KEY_BYTES = 32;

const STEPS: readonly { readonly name: string; readonly check: (evidence: Evidence) => Verdict }[] = [
  { name: 'type', check: checkType },
  { name: 'signature', check: checkSignature },
  { name: 'chain', check: checkChain },
  { name: 'validity', check: checkValidity },
  { name: 'nonce', check: checkNonce },
  { name: 'age', check: checkAge },
  { name: 'registers', check: checkRegisters },
  { name: 'function checksum', check: checkFunction },
  { name: 'channel key', check: checkChannelKey },
];

/**
 * Verifies `document` against `policy`, which is read strictly whatever its type says. Fails with an
 * {@link AttestationError} at the first step that fails, and with `E_ATTESTATION`, `E_ATTESTATION_UNSUPPORTED` or
 * `E_CONFIG` where document or policy cannot be read.
 */
export function verifyAttestation(document: Uint8Array, policy: AttestationPolicy): VerifiedAttestation {
  const parsedPolicy = parseAttestationPolicy(policy);
  const parsed = parseAttestationDocument(document);
  const chain = readChain([...parsed.chain, parsed.certificate]);
  if (typeof chain === 'string') throw new AttestationError('The attestation document is refused.', chain, []);
  const steps = runSteps({ document: parsed, chain, policy: parsedPolicy, at: new Date(parsedPolicy.at) });
  const failed = steps.find(({ verdict }) => verdict === 'failed');
  if (failed) throw new AttestationError(`The attestation document fails at "${failed.name}".`, failed.checked, steps);
  const { tee, moduleId, timestamp, registers, channelKey, receiptKey, userData, sha256: documentHash } = parsed;
  const keys = { functionChecksum: functionChecksumOf(parsed), channelKey, receiptKey, userData };
  return { tee, moduleId, timestamp, registers, ...keys, documentHash, steps };
}

function runSteps(evidence: Evidence): readonly AttestationStep[] {
  const steps: AttestationStep[] = [];
  for (const { name, check } of STEPS) {
    if (steps.some(({ verdict }) => verdict === 'failed' || verdict === 'not reached')) {
      steps.push({ name, checked: 'An earlier step failed.', verdict: 'not reached' });
    } else {
      const [verdict, checked] = checkSafely(check, evidence);
      steps.push({ name, checked, verdict });
    }
  }
  return steps;
}

/** A key or certificate that the libraries cannot even read is a refusal as any other. */
function checkSafely(check: (evidence: Evidence) => Verdict, evidence: Evidence): Verdict {
  try {
    return check(evidence);
  } catch {
    return ['failed', 'A key or certificate in the document cannot be read.'];
  }
}

const passOrFail = (passed: boolean, good: string, bad: string): Verdict =>
  passed ? ['passed', good] : ['failed', bad];

function checkType({ document: { tee }, policy }: Evidence): Verdict {
  const accepted = `The policy accepts: ${policy.accept.join(', ') || 'nothing'}.`;
  const about = tee === 'software' ? 'software (SIMULATED: the operator can read the memory)' : tee;
  return passOrFail(
    policy.accept.includes(tee),
    `The type is ${about}. ${accepted}`,
    `The type is ${about}. ${accepted}`,
  );
}

function checkSignature({ document, chain }: Evidence): Verdict {
  const signer = chain.at(-1);
  return passOrFail(
    signer !== undefined && isSignedBy(document.envelope, signer.publicKey),
    'The certificate in the document signed it (ES384).',
    'The certificate in the document did not sign it.',
  );
}

function checkChain({ document, chain, policy }: Evidence): Verdict {
  const roots = policy.roots.filter(({ tee }) => tee === document.tee);
  const reason = brokenChain(chain, roots);
  if (reason !== null) return ['failed', reason];
  const root = chain[0] ? fingerprintOf(chain[0]) : '';
  return ['passed', `${chain.length} certificates lead to the pinned root with SHA-256 ${root}.`];
}

function checkValidity({ document, chain, at }: Evidence): Verdict {
  const reason = outOfDate(chain, at) ?? outOfDate(chain.slice(-1), new Date(document.timestamp));
  return reason === null ? ['passed', `All certificates hold at ${at.toISOString()}.`] : ['failed', reason];
}

function checkNonce({ document, policy }: Evidence): Verdict {
  if (policy.nonce === null) return ['not demanded', 'Without a nonce the document may be a repeated one.'];
  const found = Buffer.from(document.nonce ?? []).toString('hex');
  return passOrFail(
    found === policy.nonce,
    'The document holds the nonce that was sent.',
    found === '' ? 'The document holds no nonce.' : 'The document holds another nonce than was sent.',
  );
}

function checkAge({ document, policy, at }: Evidence): Verdict {
  const ageMs = at.getTime() - Date.parse(document.timestamp);
  const age = `It was signed at ${document.timestamp}, ${Math.round(ageMs / 1000)} s before ${at.toISOString()}`;
  if (ageMs < -CLOCK_SKEW_MS) return ['failed', `It was signed at ${document.timestamp}, which is to come.`];
  if (policy.maxAgeSeconds === null) return ['not demanded', `${age}.`];
  const limit = `at most ${policy.maxAgeSeconds} s are allowed`;
  return passOrFail(ageMs <= policy.maxAgeSeconds * 1000, `${age}; ${limit}.`, `${age}; ${limit}.`);
}

function checkRegisters({ document: { registers }, policy }: Evidence): Verdict {
  const zero = [0, 1, 2].filter((index) => /^0*$/.test(registers.get(index) ?? ''));
  if (zero.length > 0) {
    return ['failed', `Register ${zero.join(', ')} is zero or missing: a debug enclave, whose memory others can read.`];
  }
  const demanded = Object.entries(policy.registers);
  for (const [index, allowed] of demanded) {
    const found = registers.get(Number(index)) ?? 'missing';
    if (!allowed.includes(found)) {
      return ['failed', `Register ${index} is ${found}; allowed is ${allowed.join(' or ')}.`];
    }
  }
  if (demanded.length === 0) return ['not demanded', 'The policy names no register: any program could have signed in.'];
  return ['passed', `Registers ${demanded.map(([index]) => index).join(', ')} have values that are allowed.`];
}

function checkFunction({ document, policy }: Evidence): Verdict {
  const found = functionChecksumOf(document);
  if (policy.functionChecksum === null) return ['not demanded', `The function is ${found ?? 'not named'}.`];
  return passOrFail(
    found === policy.functionChecksum,
    `The function has the checksum ${policy.functionChecksum}.`,
    `The function is ${found ?? 'not named'}; ${policy.functionChecksum} is demanded.`,
  );
}

function checkChannelKey({ document: { channelKey }, policy }: Evidence): Verdict {
  if (channelKey?.length !== CHANNEL_KEY_BYTES) {
    return ['failed', `The document holds no X25519 key of ${CHANNEL_KEY_BYTES} bytes.`];
  }
  const found = Buffer.from(channelKey).toString('hex');
  if (policy.channelKey === null) return ['passed', `The document vouches for the channel key ${found}.`];
  return passOrFail(
    found === policy.channelKey,
    `The channel key is ${found}, as demanded.`,
    `The channel key is ${found}; ${policy.channelKey} is demanded.`,
  );
}

/** Only software documents name the function in a register of its own. */
const functionChecksumOf = ({ tee, registers }: AttestationDocument): Sha256 | null =>
  tee === 'software' ? ((registers.get(SOFTWARE_REGISTERS.functionChecksum) as Sha256 | undefined) ?? null) : null;
