/** Requests to a committee: whether one could succeed, and the one that is made. */
import { sql } from 'kysely';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { approvedByPolicy, approvesByItself } from '../domain/approval-policy.ts';
import { OPEN_STATES, type AssociationKind } from '../domain/association.ts';
import { THE_PLATFORM } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseSha256, type AssociationId, type BenchmarkName, type Sha256 } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { Account } from './accounts.ts';
import { readApprovalPolicies } from './approval-policies.ts';
import { actingAs, recordAudit } from './audit.ts';
import { readAssociation, type Association } from './associations.ts';
import { holdBenchmark } from './benchmark-locks.ts';
import { readBenchmark, type Benchmark } from './benchmarks.ts';
import type { Db, Trx } from './database.ts';
import { decideAssociation } from './decisions.ts';
import { recordEvents } from './events.ts';
import { findInviter } from './invitations.ts';
import type { Submitted } from './tables.ts';

export interface AssociationSubject {
  readonly kind: AssociationKind;
  /** Of one's own container or dataset. */
  readonly name: string;
  readonly benchmark: BenchmarkName;
}

/** What the compatibility test of a container found, and on what. */
export interface TestEvidence {
  readonly testResult: Metrics;
  readonly testDatasetSha256: Sha256;
}

interface Standing {
  readonly benchmark: Benchmark;
  readonly subjectId: string;
  /** The request that stands in the way of another one, if there is any. */
  readonly open: { readonly id: AssociationId; readonly state: string } | undefined;
}

/** Fails with what a request would fail with; see `requestAssociation`. */
export async function checkAssociationPossible(db: Db, owner: Account, subject: AssociationSubject): Promise<void> {
  const { benchmark, open } = await findStanding(db, owner, subject);
  if (open && open.state !== 'changes-requested') throw alreadyAssociated(subject, open.state);
  checkBenchmarkOpen(benchmark);
}

/**
 * Makes the request, submits the one again for which the committee asked for changes, or answers with the open one that
 * is identical. A benchmark that approves by itself does so at once. `evidence` belongs to a container. Fails with
 * `E_NOT_FOUND` for a benchmark or container and `E_DATASET_NOT_FOUND` for a dataset that is not there,
 * `E_BENCHMARK_CLOSED`, `E_ALREADY_ASSOCIATED`, and `E_CONFLICT` where the test ran on another test dataset.
 */
export async function requestAssociation(
  db: Db,
  owner: Account,
  subject: AssociationSubject,
  evidence: TestEvidence | null,
): Promise<Association> {
  checkEvidence(subject, evidence);
  return db.transaction().execute(async (trx) => {
    // One request of an account at a time: a repeat that comes in parallel finds what the first one wrote.
    await trx.selectFrom('accounts').select('id').where('id', '=', owner.id).forNoKeyUpdate().execute();
    await holdBenchmark(trx, subject.benchmark);
    const standing = await findStanding(trx, owner, subject);
    const again = standing.open?.state === 'changes-requested' ? standing.open.id : null;
    if (standing.open && again === null) return readIdentical(trx, owner, subject, evidence, standing.open.id);
    checkBenchmarkOpen(standing.benchmark);
    // Whoever was asked for changes has the committee's attention: it looks again.
    const policy = again === null ? await findPolicy(trx, standing.benchmark, subject.kind, owner) : null;
    if (!policy) checkQuorum(standing.benchmark, owner);
    checkTestDataset(standing.benchmark, evidence);
    const submitted = { evidence, content: await readContent(trx, subject.kind, standing.subjectId) };
    const id = again ?? (await insertRequest(trx, owner, subject, submitted, standing));
    if (again !== null) await submitAgain(trx, again, submitted, standing.benchmark.approvalDays);
    const association = await readAssociation(trx, id, owner.id);
    await recordAudit(trx, {
      action: again === null ? 'association.requested' : 'association.submitted-again',
      subject: `association/${id}`,
      before: again === null ? null : { state: 'changes-requested', submission: association.submission - 1 },
      after: {
        ...subject,
        ...submitted.content,
        owner: owner.handle,
        state: association.state,
        submission: association.submission,
        deadline: association.deadline,
      },
    });
    await announce(trx, association);
    if (!policy) return association;
    const reason = approvedByPolicy(subject.kind, policy);
    await actingAs(THE_PLATFORM, () => decideAssociation(trx, id, 'approved', reason, policy));
    return readAssociation(trx, id, owner.id);
  });
}

/** The policy that approves the request without votes, if there is one. */
async function findPolicy(trx: Trx, { name, members }: Benchmark, kind: AssociationKind, owner: Account) {
  const policy = (await readApprovalPolicies(trx, name))[kind];
  return approvesByItself(policy, owner, members) ? policy : null;
}

function checkEvidence({ kind, name }: AssociationSubject, evidence: TestEvidence | null): void {
  if (kind === 'container' && !evidence) {
    throw new StrongroomError('E_INVALID_REQUEST', `The request for ${name} brings no test result.`, {
      why: 'A container is tested against the benchmark before the committee is asked.',
    });
  }
  if (kind === 'dataset' && evidence) {
    throw new StrongroomError('E_INVALID_REQUEST', 'A dataset has no test result.');
  }
}

async function findStanding(
  db: Db | Trx,
  owner: Account,
  { kind, name, benchmark }: AssociationSubject,
): Promise<Standing> {
  const found = await readBenchmark(db, benchmark);
  const registered = await db
    .selectFrom(kind === 'container' ? 'containers' : 'datasets')
    .select('id')
    .where('ownerId', '=', owner.id)
    .where(sql.ref('name'), '=', name)
    .executeTakeFirst();
  if (!registered) {
    throw new StrongroomError(
      kind === 'container' ? 'E_NOT_FOUND' : 'E_DATASET_NOT_FOUND',
      `You have no ${kind} ${name}.`,
      {
        next:
          kind === 'container'
            ? 'Submit it first: strongroom container submit'
            : 'Register it first: strongroom dataset register',
      },
    );
  }
  const open = await db
    .selectFrom('associations')
    .select(['id', 'state'])
    .where(kind === 'container' ? 'containerId' : 'datasetId', '=', registered.id)
    .where('benchmark', '=', benchmark)
    .where('state', 'in', OPEN_STATES)
    .executeTakeFirst();
  return { benchmark: found, subjectId: registered.id, open };
}

function checkBenchmarkOpen({ name, state }: Benchmark): void {
  if (state === 'open') return;
  throw new StrongroomError('E_BENCHMARK_CLOSED', `The benchmark ${name} is closed.`, {
    why: 'It takes no new requests.',
    next: 'Choose another one: strongroom benchmark list',
  });
}

/** An owner who sits on the committee has no vote: the others must be enough. */
function checkQuorum({ name, members, quorum }: Benchmark, owner: Account): void {
  const voters = members.filter((member) => member !== owner.handle).length;
  if (voters >= quorum) return;
  throw new StrongroomError(
    'E_CONFLICT',
    `${name} needs ${quorum} approvals, and ${voters} members may vote on yours.`,
    {
      why: 'You sit on the committee, and nobody votes on their own.',
      next: 'Ask the committee to take another member.',
    },
  );
}

function checkTestDataset({ name, testDataset }: Benchmark, evidence: TestEvidence | null): void {
  if (!evidence || evidence.testDatasetSha256 === testDataset.sha256) return;
  throw new StrongroomError('E_CONFLICT', `The test ran on another dataset than that of ${name}.`, {
    next: 'Test again: strongroom container associate',
  });
}

const alreadyAssociated = ({ kind, name, benchmark }: AssociationSubject, state: string) =>
  new StrongroomError('E_ALREADY_ASSOCIATED', `There is a request for your ${kind} ${name} in ${benchmark} already.`, {
    why: state === 'approved' ? 'It is approved.' : 'The committee has not decided on it yet.',
    next: 'Look at it: strongroom review list',
  });

async function readIdentical(
  trx: Trx,
  owner: Account,
  subject: AssociationSubject,
  evidence: TestEvidence | null,
  id: AssociationId,
): Promise<Association> {
  const association = await readAssociation(trx, id, owner.id);
  const { testResult, testDatasetSha256 } = association;
  const wanted = evidence ?? { testResult: null, testDatasetSha256: null };
  if (isDeepStrictEqual({ testResult, testDatasetSha256 }, { ...wanted })) return association;
  throw alreadyAssociated(subject, association.state);
}

/** What the committee decides on, as it is now: later changes of a container or dataset are not part of the request. */
async function readContent(trx: Trx, kind: AssociationKind, id: string): Promise<Submitted> {
  if (kind === 'dataset') {
    const { sha256 } = await trx.selectFrom('datasets').select('sha256').where('id', '=', id).executeTakeFirstOrThrow();
    return { datasetSha256: sha256 };
  }
  const { config, ...digests } = await trx
    .selectFrom('containers')
    .select(['archiveSha256', 'imageDigest', 'config'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return { ...digests, configSha256: parseSha256(createHash('sha256').update(config).digest('hex')) };
}

interface Submission {
  readonly evidence: TestEvidence | null;
  readonly content: Submitted;
}

const submissionValues = ({ evidence, content }: Submission, approvalDays: number) => ({
  deadline: sql<Date>`now() + make_interval(secs => ${approvalDays * 86_400})`,
  testResult: evidence && JSON.stringify(evidence.testResult),
  testDatasetSha256: evidence?.testDatasetSha256 ?? null,
  content: JSON.stringify(content),
});

/** The same association once more, with a new test and a new deadline. Votes on the earlier submission stay with it. */
async function submitAgain(trx: Trx, id: AssociationId, submission: Submission, approvalDays: number): Promise<void> {
  await trx
    .updateTable('associations')
    .set({
      state: 'requested',
      reason: null,
      stateSince: sql<Date>`now()`,
      submission: sql`submission + 1`,
      revision: sql`revision + 1`,
      ...submissionValues(submission, approvalDays),
    })
    .where('id', '=', id)
    .execute();
}

async function insertRequest(
  trx: Trx,
  owner: Account,
  { kind, name, benchmark }: AssociationSubject,
  submission: Submission,
  standing: Standing,
): Promise<AssociationId> {
  const { id } = await trx
    .insertInto('associations')
    .values({
      kind,
      containerId: kind === 'container' ? standing.subjectId : null,
      datasetId: kind === 'dataset' ? standing.subjectId : null,
      benchmark,
      ownerId: owner.id,
      invitedBy: kind === 'container' ? await findInviter(trx, benchmark, owner.id, name) : null,
      ...submissionValues(submission, standing.benchmark.approvalDays),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

async function announce(trx: Trx, association: Association): Promise<void> {
  const members = await trx
    .selectFrom('benchmarkMembers')
    .select('accountId')
    .where('benchmark', '=', association.benchmark)
    .execute();
  await recordEvents(
    trx,
    members.map(({ accountId }) => ({
      audience: accountId,
      type: 'association.requested',
      association: association.id,
      benchmark: association.benchmark,
      account: association.owner,
      [association.kind]: `${association.owner}/${association.name}`,
    })),
  );
}
