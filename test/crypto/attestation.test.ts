import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeCbor, encodeCbor } from '../../crypto/attestation/cbor.ts';
import { signCoseSign1 } from '../../crypto/attestation/cose-sign1.ts';
import type { AttestationPolicy } from '../../crypto/attestation/policy.ts';
import { AWS_NITRO_ROOT, AWS_NITRO_ROOT_SHA256 } from '../../crypto/attestation/roots.ts';
import type { CertifiedKey } from '../../crypto/attestation/software-authority.ts';
import {
  createAttestorKey,
  createHostKey,
  createSoftwareRoot,
  trustedSoftwareRoot,
} from '../../crypto/attestation/software-authority.ts';
import type { SoftwareClaims } from '../../crypto/attestation/software-document.ts';
import { signSoftwareDocument } from '../../crypto/attestation/software-document.ts';
import { AttestationError, verifyAttestation } from '../../crypto/attestation/verify.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { StrongroomError } from '../../domain/errors.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex') as Sha256;
const genuine = (name: string) => readFileSync(new URL(`vectors/${name}.cbor`, import.meta.url));
const nitroPolicy = (at: string, changes: Partial<AttestationPolicy> = {}): AttestationPolicy => ({
  accept: ['nitro'],
  roots: [AWS_NITRO_ROOT],
  at,
  nonce: null,
  maxAgeSeconds: null,
  registers: {},
  functionChecksum: null,
  channelKey: null,
  ...changes,
});
/** The step at which a document is refused. */
function refusedAt(document: Uint8Array, policy: AttestationPolicy): string | undefined {
  try {
    verifyAttestation(document, policy);
  } catch (error) {
    if (error instanceof AttestationError)
      return error.steps.find(({ verdict }) => verdict === 'failed')?.name ?? error.code;
    if (error instanceof StrongroomError) return error.code;
    throw error;
  }
  return undefined;
}

describe('genuine Nitro documents', () => {
  const document = genuine('user-key');
  const ownDate = '2023-02-10T12:44:00Z';

  test('the built-in root is the one that AWS publishes', () => {
    const root = new X509Certificate(AWS_NITRO_ROOT.certificate);
    expect(root.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(AWS_NITRO_ROOT_SHA256);
    expect(AWS_NITRO_ROOT_SHA256).toBe('641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
  });

  test('one passes at its own date, and says what was checked', () => {
    const verified = verifyAttestation(document, nitroPolicy(ownDate));
    expect(verified.tee).toBe('nitro');
    expect(verified.registers.get(0)).toMatch(/^bda74673e83a4096/);
    expect(verified.steps.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
      'type: passed',
      'signature: passed',
      'chain: passed',
      'validity: passed',
      'nonce: not demanded',
      'age: not demanded',
      'registers: not demanded',
      'function checksum: not demanded',
      'channel key: passed',
    ]);
  });

  test('it fails today, and before it was made', () => {
    expect(refusedAt(document, nitroPolicy(new Date().toISOString()))).toBe('validity');
    expect(refusedAt(document, nitroPolicy('2023-02-10T12:40:00Z'))).toBe('validity');
  });

  test('a debug enclave is refused at any date', () => {
    expect(refusedAt(genuine('debug-enclave'), nitroPolicy('2022-07-14T20:46:30Z'))).toBe('registers');
    expect(refusedAt(genuine('debug-enclave'), nitroPolicy(new Date().toISOString()))).toBe('validity');
  });

  test('each demand of a policy is compared', () => {
    const other = 'ab'.repeat(48);
    expect(refusedAt(document, nitroPolicy(ownDate, { registers: { 0: [other] } }))).toBe('registers');
    expect(refusedAt(document, nitroPolicy(ownDate, { registers: { 31: [other] } }))).toBe('registers');
    expect(refusedAt(document, nitroPolicy(ownDate, { nonce: 'ab'.repeat(16) }))).toBe('nonce');
    expect(refusedAt(document, nitroPolicy(ownDate, { maxAgeSeconds: 5 }))).toBe('age');
    expect(refusedAt(document, nitroPolicy(ownDate, { functionChecksum: digest('f') }))).toBe('function checksum');
    expect(refusedAt(document, nitroPolicy(ownDate, { channelKey: 'ab'.repeat(32) }))).toBe('channel key');
    const right = verifyAttestation(document, nitroPolicy(ownDate)).registers.get(0) ?? '';
    expect(refusedAt(document, nitroPolicy(ownDate, { registers: { 0: [other, right] } }))).toBeUndefined();
  });

  test('one changed byte anywhere is refused', () => {
    for (let index = 0; index < document.length; index += 97) {
      const changed = Uint8Array.from(document);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect([index, refusedAt(changed, nitroPolicy(ownDate))]).not.toEqual([index, undefined]);
    }
  });

  test('without its root it is refused', () => {
    expect(refusedAt(document, nitroPolicy(ownDate, { roots: [] }))).toBe('chain');
  });
});

describe('software documents', () => {
  const now = new Date('2026-11-23T12:00:00Z');
  const nonce = Uint8Array.from(Array(32).keys());
  const claims: SoftwareClaims = {
    moduleId: 'runner-1',
    measurements: {
      runnerImage: digest('runner'),
      sandbox: digest('sandbox'),
      functionChecksum: digest('function'),
      models: digest('models'),
      releasePolicy: digest('policy'),
    },
    channelKey: new Uint8Array(32).fill(7),
    receiptKey: new Uint8Array(32).fill(8),
    nonce,
  };
  let root: CertifiedKey;
  let attestor: CertifiedKey;
  let document: Uint8Array;
  let policy: AttestationPolicy;

  beforeAll(async () => {
    root = await createSoftwareRoot(now);
    attestor = await createAttestorKey(await createHostKey(root, now), now);
    document = signSoftwareDocument(claims, attestor, now);
    policy = {
      accept: ['software'],
      roots: [trustedSoftwareRoot(root)],
      at: now.toISOString(),
      nonce: Buffer.from(nonce).toString('hex'),
      maxAgeSeconds: 300,
      registers: { 0: [digest('runner')], 1: [digest('sandbox')] },
      functionChecksum: digest('function'),
      channelKey: '07'.repeat(32),
    };
  });

  test('pass under a policy that names the type, every step demanded', () => {
    const verified = verifyAttestation(document, policy);
    expect(verified.steps.every(({ verdict }) => verdict === 'passed')).toBe(true);
    expect(verified.documentHash).toBe(createHash('sha256').update(document).digest('hex'));
    expect(Buffer.from(verified.receiptKey ?? [])).toEqual(Buffer.alloc(32, 8));
  });

  test('are refused where the policy does not say "software"', () => {
    expect(refusedAt(document, { ...policy, accept: ['nitro'] })).toBe('type');
    expect(refusedAt(document, { ...policy, roots: [{ ...trustedSoftwareRoot(root), tee: 'nitro' }] })).toBe('chain');
  });

  test('are refused after three hours, when too old, when from the future, and for another nonce or function', () => {
    expect(refusedAt(document, { ...policy, at: '2026-11-23T15:00:01Z', maxAgeSeconds: null })).toBe('validity');
    expect(refusedAt(document, { ...policy, at: '2026-11-23T12:05:01Z' })).toBe('age');
    const later = signSoftwareDocument(claims, attestor, new Date(now.getTime() + 120_000));
    expect(refusedAt(later, policy)).toBe('age');
    expect(refusedAt(document, { ...policy, nonce: 'ab'.repeat(32) })).toBe('nonce');
    expect(refusedAt(document, { ...policy, functionChecksum: digest('another') })).toBe('function checksum');
  });

  test('are refused when another root, another key or an authority itself signed', async () => {
    const stranger = await createSoftwareRoot(now);
    const strangersHost = await createHostKey(stranger, now);
    const forged = signSoftwareDocument(claims, await createAttestorKey(strangersHost, now), now);
    expect(refusedAt(forged, policy)).toBe('chain');
    const otherKey = { ...attestor, privateKey: strangersHost.privateKey };
    expect(refusedAt(signSoftwareDocument(claims, otherKey, now), policy)).toBe('signature');
    expect(refusedAt(signSoftwareDocument(claims, await createHostKey(root, now), now), policy)).toBe('chain');
  });

  test('are refused when an attestor certifies a further key, or the chain is in another order', async () => {
    const further = await createAttestorKey(attestor, now);
    expect(refusedAt(signSoftwareDocument(claims, further, now), policy)).toBe('chain');
    const reversed = { ...attestor, chain: [...attestor.chain].reverse() };
    expect(refusedAt(signSoftwareDocument(claims, reversed, now), policy)).toBe('chain');
    const pinnedRootPutBefore = { ...further, chain: [root.certificate, ...further.chain.slice(2)] };
    expect(refusedAt(signSoftwareDocument(claims, pinnedRootPutBefore, now), policy)).toBe('chain');
  });

  test('with zero registers, an unknown field or an unknown type are refused', () => {
    const measurements = { ...claims.measurements, runnerImage: '00'.repeat(32) as Sha256 };
    expect(refusedAt(signSoftwareDocument({ ...claims, measurements }, attestor, now), policy)).toBe('registers');
    const parts = decodeCbor(document) as Uint8Array[];
    const changed = (name: string, value: string) => {
      const fields = decodeCbor(parts[2]!) as Map<string, string>;
      return signCoseSign1(encodeCbor(fields.set(name, value)), attestor.privateKey);
    };
    expect(refusedAt(changed('extra', 'x'), policy)).toBe('E_ATTESTATION');
    expect(refusedAt(changed('tee', 'nitro'), policy)).toBe('E_ATTESTATION');
  });

  test('without a nonce, or in CBOR that is not deterministic, are refused', () => {
    const parts = decodeCbor(document) as Uint8Array[];
    const fields = decodeCbor(parts[2]!) as Map<string, string>;
    const signed = (content: Uint8Array) => signCoseSign1(content, attestor.privateKey);
    expect(refusedAt(signed(encodeCbor(fields)), policy)).toBeUndefined();
    // The same map, whose size is written in two bytes where one would do.
    const longer = Buffer.concat([Buffer.from([0xb8, fields.size]), encodeCbor(fields).subarray(1)]);
    expect(refusedAt(signed(longer), policy)).toBe('E_ATTESTATION');
    expect(refusedAt(Buffer.concat([Buffer.from([0x98, 4]), document.subarray(1)]), policy)).toBe('E_ATTESTATION');
    fields.delete('nonce');
    expect(refusedAt(signed(encodeCbor(fields)), policy)).toBe('nonce');
  });

  test('a policy with a field that nothing checks, or without one, is refused', () => {
    const extra = { ...policy, pcr0: 'ab' };
    expect(refusedAt(document, extra)).toBe('E_CONFIG');
    const { nonce: _, ...withoutNonce } = policy;
    expect(refusedAt(document, withoutNonce as AttestationPolicy)).toBe('E_CONFIG');
  });
});

describe('other kinds of evidence', () => {
  test('SEV-SNP and TDX are named as unsupported, in documents and in policies', () => {
    const snp = new Uint8Array(1184);
    snp[0] = 2;
    const tdx = Uint8Array.from(Buffer.from('04000200810000000000', 'hex'));
    const policy = nitroPolicy(new Date().toISOString());
    expect(refusedAt(snp, policy)).toBe('E_ATTESTATION_UNSUPPORTED');
    expect(refusedAt(tdx, policy)).toBe('E_ATTESTATION_UNSUPPORTED');
    const wanted = { ...policy, accept: ['tdx'] } as unknown as AttestationPolicy;
    expect(refusedAt(genuine('user-key'), wanted)).toBe('E_ATTESTATION_UNSUPPORTED');
  });

  test('anything else is no attestation document', () => {
    const key = new Uint8Array(32).fill(7);
    const keyAlone = encodeCbor(new Map([['public_key', key]]));
    for (const bytes of [new Uint8Array(), Buffer.from('hello'), encodeCbor([1, 2, 3, 4]), key, keyAlone]) {
      expect(refusedAt(bytes, nitroPolicy(new Date().toISOString()))).toBe('E_ATTESTATION');
    }
  });
});
