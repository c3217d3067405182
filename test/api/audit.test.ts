/** Every decision and every change of access is written down with it, or does not happen. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { AuditChain, EMPTY_HEAD } from '../../crypto/audit-chain.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import { recordAudit } from '../../storage/audit.ts';
import { approved, createBenchmark, digestOf, newDataset } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
let ann: Person;
let dora: Person;
let association: string;
let fingerprint: string;

const entries = (filter = {}) => listAuditEntries(platform.db, filter, 0, 10_000);
const verify = (log: readonly AuditEntry[], kept = EMPTY_HEAD) => {
  const chain = new AuditChain([kept]);
  for (const entry of log) chain.append(entry);
  return chain.end();
};
const archive = digestOf('model');
const grants = () => ({ archive, grants: [{ fingerprint, message: 'wrapped', origin: 'manual', expiresAt: null }] });

beforeAll(async () => {
  platform = await startPlatform({ settings: { operators: ['olga'] } });
  alice = await person(platform, 'alice');
  ann = await person(platform, 'ann');
  dora = await person(platform, 'dora');
  await createBenchmark(platform, 'digits', [ann], { quorum: 1 });
  association = await approved(platform, alice, 'container', 'model', 'digits');
  await approved(platform, dora, 'dataset', 'wards', 'digits');
  await certificateFor(platform, alice);
  ({ fingerprint } = await certificateFor(platform, dora));
});
afterAll(() => platform.stop());

describe('an entry', () => {
  test('says who did what on what, with which token and request, and what was before and after', async () => {
    const created = await alice.ask('POST', `/v1/associations/${association}/grants`, grants());
    expect(created.statusCode).toBe(201);
    const revocation = { email: dora.account.email, reason: 'The study is over.' };
    const revoked = await alice.ask('POST', `/v1/associations/${association}/grants/revocation`, revocation);
    const [granted, ended] = (await entries({ subject: `association/${association}` })).slice(-2);
    const { id: session } = await platform.db
      .selectFrom('sessions')
      .select('id')
      .where('userId', '=', alice.account.id)
      .executeTakeFirstOrThrow();
    expect(granted).toEqual({
      sequence: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      account: 'alice',
      token: session,
      requestId: created.headers['x-request-id'],
      action: 'grant.created',
      subject: `association/${association}`,
      before: null,
      after: { account: 'dora', fingerprint, state: 'valid', origin: 'manual', expiresAt: null },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(ended).toMatchObject({
      action: 'grant.revoked',
      requestId: revoked.headers['x-request-id'],
      before: { state: 'valid' },
      after: { account: 'dora', state: 'revoked', reason: 'The study is over.' },
    });
  });

  test('names the platform itself where nobody asked: a decision follows from rule and votes', async () => {
    const [decided] = await entries({ subject: `association/${association}`, action: 'association.decided' });
    expect(decided).toMatchObject({
      account: null,
      token: null,
      requestId: null,
      before: { state: 'requested' },
      after: { state: 'approved', reason: '2 of 3 approve, 2 needed' },
    });
  });

  test('is there for a certificate, its revocation and the access that ended with it', async () => {
    const erin = await person(platform, 'erin');
    const certificate = await certificateFor(platform, erin);
    await approved(platform, erin, 'dataset', 'clinic', 'digits');
    const wanted = { ...grants().grants[0], fingerprint: certificate.fingerprint };
    await alice.ask('POST', `/v1/associations/${association}/grants`, { archive, grants: [wanted] });
    await erin.ask('POST', `/v1/certificates/${certificate.fingerprint}/revocation`, { reason: 'Lost.' });
    const actions = (await entries()).slice(-2).map(({ account, action, subject }) => [account, action, subject]);
    expect(actions).toEqual([
      ['erin', 'certificate.revoked', `certificate/${certificate.fingerprint}`],
      ['erin', 'grant.revoked', `association/${association}`],
    ]);
  });

  test('holds no wrapped key and no address', async () => {
    const text = JSON.stringify(await entries());
    expect(text).not.toContain('wrapped');
    expect(text).not.toContain('@');
  });
});

describe('the chain', () => {
  test('is whole, also after fifty changes at the same moment', async () => {
    const before = (await entries()).length;
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        platform.db.transaction().execute((trx) =>
          recordAudit(trx, {
            action: 'benchmark.closed',
            subject: `benchmark/b${index}`,
            before: { text: 'ü\n"\u2028\\', number: 0.1 },
            after: null,
          }),
        ),
      ),
    );
    const log = await entries();
    expect(log).toHaveLength(before + 50);
    expect(verify(log)).toEqual({ sequence: log.length, hash: log.at(-1)?.hash });
  });

  test('shows a changed, a missing and a reordered entry, and an end that was cut off', async () => {
    const log = await entries();
    const [first, second, third, ...rest] = log as [AuditEntry, AuditEntry, AuditEntry, ...AuditEntry[]];
    expect(() => verify([first, { ...second, account: dora.account.handle }, third])).toThrow('does not hold');
    expect(() => verify([first, { ...second, at: first.at.replace('2', '1') }])).toThrow('does not hold');
    expect(() => verify([first, third])).toThrow('does not hold');
    expect(() => verify([second, first, third])).toThrow('does not hold');
    const kept = { sequence: log.length, hash: log.at(-1)!.hash };
    expect(verify([first, second, third, ...rest], kept)).toEqual(kept);
    expect(() => verify([first, second, third], kept)).toThrow('does not hold');
  });

  test('shows that the whole log was written anew, to someone who kept its head', async () => {
    const log = await entries();
    const kept = { sequence: 2, hash: 'a'.repeat(64) };
    expect(verify(log)).toMatchObject({ sequence: log.length });
    expect(() => verify(log, kept)).toThrow('does not hold');
  });

  test('cannot be changed by a program that has the database', async () => {
    for (const statement of [
      sql`UPDATE audit_entries SET content = content WHERE sequence = 1`,
      sql`DELETE FROM audit_entries WHERE sequence = 1`,
      sql`TRUNCATE audit_entries`,
    ]) {
      await expect(statement.execute(platform.db)).rejects.toThrow('never changed or removed');
    }
  });
});

/** B10 */
describe('while the log cannot be written', () => {
  const withBroken = async (breaking: string, mending: string, work: () => Promise<void>) => {
    await sql.raw(breaking).execute(platform.db);
    try {
      await work();
    } finally {
      await sql.raw(mending).execute(platform.db);
    }
  };

  test.each([
    [
      'the table is away',
      'ALTER TABLE audit_entries RENAME TO elsewhere',
      'ALTER TABLE elsewhere RENAME TO audit_entries',
    ],
    [
      'entries cannot be sealed at the commit',
      'ALTER TABLE audit_entries RENAME COLUMN hash TO elsewhere',
      'ALTER TABLE audit_entries RENAME COLUMN elsewhere TO hash',
    ],
  ])('as %s, no access changes, reads go on, and the caller hears to try again', async (_why, breaking, mending) => {
    await withBroken(breaking, mending, async () => {
      const refused = await alice.ask('POST', `/v1/associations/${association}/grants`, grants());
      expect(refused.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503, retryable: true });
      expect(refused.headers['retry-after']).toBeDefined();
      const revoked = await dora.ask('POST', `/v1/certificates/${fingerprint}/revocation`, { reason: 'Lost.' });
      expect(revoked.statusCode).toBe(503);
      const list = await alice.ask('GET', `/v1/associations/${association}/grants`);
      expect(list.statusCode).toBe(200);
      expect(list.json().items.filter(({ state }) => state === 'valid')).toEqual([]);
      expect((await dora.ask('GET', `/v1/certificates/${fingerprint}`)).json().state).toBe('valid');
    });
    expect((await dora.ask('POST', '/v1/datasets', newDataset('more'))).statusCode).toBe(201);
  });
});
