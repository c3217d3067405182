/** What benchmarks approve by themselves, who set it, and the requests that it applies to. */
import { sql } from 'kysely';
import { isDeepStrictEqual } from 'node:util';
import { VOTES_DECIDE, type ApprovalPolicies, type NewApprovalPolicy } from '../domain/approval-policy.ts';
import { ASSOCIATION_KINDS, type AssociationKind } from '../domain/association.ts';
import type { BenchmarkName } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { lockBenchmark } from './benchmark-locks.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';
import type { AccountId } from './tables.ts';

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

export type NewApprovalPolicies = Readonly<Record<AssociationKind, NewApprovalPolicy>>;

/**
 * Sets both policies for requests to come, and answers with them; one that is there already stays as it is.
 * `mayReplace` throws where what is there must stay: nobody changes it between that and the change. Fails with
 * `E_NOT_FOUND`.
 */
export async function setApprovalPolicies(
  db: Db,
  member: Account,
  benchmark: BenchmarkName,
  policies: NewApprovalPolicies,
  mayReplace: (there: ApprovalPolicies) => void,
): Promise<ApprovalPolicies> {
  return db.transaction().execute(async (trx) => {
    const { ownerId } = await lockBenchmark(trx, benchmark);
    const there = await readApprovalPolicies(trx, benchmark);
    mayReplace(there);
    const changed = ASSOCIATION_KINDS.filter((kind) => !isSamePolicy(there[kind], policies[kind]));
    if (changed.length === 0) return there;
    for (const kind of changed) {
      await writeApprovalPolicy(trx, benchmark, kind, policies[kind], member);
      await recordAudit(trx, {
        action: 'benchmark.policy-changed',
        subject: `benchmark/${benchmark}`,
        before: { kind, ...auditFacts(there[kind]), setBy: there[kind].setBy },
        after: { kind, ...auditFacts(policies[kind]), setBy: member.handle },
      });
    }
    await tellCommittee(trx, benchmark, ownerId, member);
    return readApprovalPolicies(trx, benchmark);
  });
}

const isSamePolicy = (one: NewApprovalPolicy, other: NewApprovalPolicy): boolean =>
  one.approves === other.approves && isDeepStrictEqual(one.addresses, other.addresses);

async function tellCommittee(trx: Trx, benchmark: BenchmarkName, owner: AccountId, { handle }: Account): Promise<void> {
  const members = await trx
    .selectFrom('benchmarkMembers')
    .select('accountId')
    .where('benchmark', '=', benchmark)
    .execute();
  const concerned = [...new Set([owner, ...members.map(({ accountId }) => accountId)])];
  await recordEvents(
    trx,
    concerned.map((audience) => ({ audience, type: 'approval-policy.changed' as const, benchmark, account: handle })),
  );
}

/** Without the addresses: the log holds none. */
export const auditFacts = ({ approves, addresses }: NewApprovalPolicy) => ({ approves, addresses: addresses.length });
