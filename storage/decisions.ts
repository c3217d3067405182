/** The next state of an association, with all who hear of it. */
import { sql } from 'kysely';
import type { ApprovalPolicy } from '../domain/approval-policy.ts';
import { canBecome, isUndecided, type AssociationState } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName } from '../domain/ids.ts';
import { recordAudit } from './audit.ts';
import { listApprovedContainers } from './authorisation.ts';
import type { Trx } from './database.ts';
import { recordEvents, type NewEvent } from './events.ts';

/** Locks an association for a change. Fails with `E_NOT_FOUND`. */
export async function lockAssociation(trx: Trx, id: AssociationId) {
  const row = await trx.selectFrom('associations').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
  if (row) return row;
  throw new StrongroomError('E_NOT_FOUND', `There is no association ${id}.`);
}

/**
 * Puts an association into its next state and tells those concerned. A repeat changes nothing. `policy` is what
 * decided in place of votes. Fails with `E_ALREADY_DECIDED` where another decision came first.
 */
export async function decideAssociation(
  trx: Trx,
  id: AssociationId,
  state: Exclude<AssociationState, 'requested'>,
  reason: string,
  policy?: ApprovalPolicy,
): Promise<void> {
  const association = await lockAssociation(trx, id);
  if (association.state === state) return;
  if (!canBecome(association.state, state)) {
    throw new StrongroomError('E_ALREADY_DECIDED', `This request is ${association.state} already.`);
  }
  await trx
    .updateTable('associations')
    .set({ state, reason, stateSince: sql<Date>`now()`, revision: sql`revision + 1`, ...momentOf(state) })
    .$if(policy !== undefined, (update) => update.set({ approvedByPolicy: true }))
    .where('id', '=', id)
    .execute();
  if (isUndecided(association.state)) await noteCountedVotes(trx, association);
  await recordAudit(trx, {
    action: state === 'changes-requested' ? 'association.changes-requested' : 'association.decided',
    subject: `association/${id}`,
    before: { state: association.state },
    after: {
      state,
      reason,
      ...(policy && { policy: { approves: policy.approves, setBy: policy.setBy, setAt: policy.setAt } }),
    },
  });
  await recordEvents(trx, await eventsOfDecision(trx, id, state));
}

/** Members may leave later; whose votes counted is part of the record. */
async function noteCountedVotes(
  trx: Trx,
  { id, submission, benchmark }: { id: AssociationId; submission: number; benchmark: BenchmarkName },
): Promise<void> {
  await trx
    .updateTable('votes')
    .set({ counted: true })
    .where('associationId', '=', id)
    .where('submission', '=', submission)
    .where('memberId', 'in', (query) =>
      query.selectFrom('benchmarkMembers').select('accountId').where('benchmark', '=', benchmark),
    )
    .execute();
}

function momentOf(state: AssociationState) {
  if (state === 'changes-requested') return {};
  return { [state === 'closed' ? 'closedAt' : 'decidedAt']: sql<Date>`now()` };
}

async function eventsOfDecision(trx: Trx, id: AssociationId, state: AssociationState): Promise<NewEvent[]> {
  const { kind, ownerId, benchmark, owner, name } = await trx
    .selectFrom('associations')
    .innerJoin('accounts', 'accounts.id', 'associations.ownerId')
    .leftJoin('containers', 'containers.id', 'associations.containerId')
    .leftJoin('datasets', 'datasets.id', 'associations.datasetId')
    .select(['associations.kind', 'associations.ownerId', 'associations.benchmark', 'accounts.handle as owner'])
    .select(sql<string>`coalesce(containers.name, datasets.name)`.as('name'))
    .where('associations.id', '=', id)
    .executeTakeFirstOrThrow();
  const seats = await trx
    .selectFrom('benchmarkMembers')
    .select('accountId')
    .where('benchmark', '=', benchmark)
    .execute();
  const audiences = [...new Set([ownerId, ...seats.map(({ accountId }) => accountId)])];
  const decided = audiences.map((audience): NewEvent => ({
    audience,
    type: state === 'changes-requested' ? 'association.changes-requested' : 'association.decided',
    association: id,
    benchmark,
    account: owner,
    [kind]: `${owner}/${name}`,
  }));
  if (kind === 'container' || state !== 'approved') return decided;
  const containers = await listApprovedContainers(trx, benchmark);
  const authorised = containers.map((container): NewEvent => ({
    audience: container.ownerId,
    type: 'data-owner.authorised',
    association: container.association,
    container: container.container,
    benchmark,
    account: owner,
  }));
  return [...decided, ...authorised];
}
