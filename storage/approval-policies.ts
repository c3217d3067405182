/** What benchmarks approve by themselves, who set it, and the requests that it applies to. */
import { sql } from 'kysely';
import { isDeepStrictEqual } from 'node:util';
import { VOTES_DECIDE, type ApprovalPolicies, type NewApprovalPolicy } from '../domain/approval-policy.ts';
import type { AssociationKind } from '../domain/association.ts';
import type { BenchmarkName } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { lockBenchmark } from './benchmark-locks.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';

/** Both policies; of a benchmark that nobody set one for, those that leave it to the votes. */
export async function readApprovalPolicies(db: Db | Trx, benchmark: BenchmarkName): Promise<ApprovalPolicies> {
  const rows = await db
    .selectFrom('approvalPolicies')
    .innerJoin('accounts', 'accounts.id', 'approvalPolicies.setBy')
    .select(['kind', 'approves', 'addresses', 'accounts.handle as setBy', 'setAt'])
    .where('benchmark', '=', benchmark)
    .execute();
  const of = (wanted: AssociationKind) => {
    const row = rows.find(({ kind }) => kind === wanted);
    if (!row) return VOTES_DECIDE;
    const { approves, addresses, setBy, setAt } = row;
    return { approves, addresses, setBy, setAt: setAt.toISOString() };
  };
  return { container: of('container'), dataset: of('dataset') };
}

/** Writes a policy in place of the one that is there. */
export async function writeApprovalPolicy(
  trx: Trx,
  benchmark: BenchmarkName,
  kind: AssociationKind,
  { approves, addresses }: NewApprovalPolicy,
  setBy: Account,
): Promise<void> {
  const values = { approves, addresses: [...addresses], setBy: setBy.id, setAt: sql<Date>`now()` };
  await trx
    .insertInto('approvalPolicies')
    .values({ benchmark, kind, ...values })
    .onConflict((conflict) => conflict.columns(['benchmark', 'kind']).doUpdateSet(values))
    .execute();
}

/** Sets a policy for requests to come, and answers with both. A repeat changes nothing. Fails with `E_NOT_FOUND`. */
export async function setApprovalPolicy(
  db: Db,
  member: Account,
  benchmark: BenchmarkName,
  kind: AssociationKind,
  policy: NewApprovalPolicy,
): Promise<ApprovalPolicies> {
  return db.transaction().execute(async (trx) => {
    const { ownerId } = await lockBenchmark(trx, benchmark);
    const before = (await readApprovalPolicies(trx, benchmark))[kind];
    if (!isDeepStrictEqual({ approves: before.approves, addresses: before.addresses }, policy)) {
      await writeApprovalPolicy(trx, benchmark, kind, policy, member);
      await recordAudit(trx, {
        action: 'benchmark.policy-changed',
        subject: `benchmark/${benchmark}`,
        before: { kind, ...auditFacts(before), setBy: before.setBy },
        after: { kind, ...auditFacts(policy), setBy: member.handle },
      });
      const members = await trx
        .selectFrom('benchmarkMembers')
        .select('accountId')
        .where('benchmark', '=', benchmark)
        .execute();
      const concerned = [...new Set([ownerId, ...members.map(({ accountId }) => accountId)])];
      await recordEvents(
        trx,
        concerned.map((audience) => ({
          audience,
          type: 'approval-policy.changed' as const,
          benchmark,
          account: member.handle,
        })),
      );
    }
    return readApprovalPolicies(trx, benchmark);
  });
}

/** Without the addresses: the log holds none. */
export const auditFacts = ({ approves, addresses }: NewApprovalPolicy) => ({ approves, addresses: addresses.length });
