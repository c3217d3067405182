import { WorkflowNotFoundError } from '@temporalio/client';
import { isUndecided } from '../../domain/association.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { AssociationId } from '../../domain/ids.ts';
import { parseMetrics } from '../../domain/metrics.ts';
import type { Account } from '../../storage/accounts.ts';
import { checkAssociationPossible, requestAssociation, type TestEvidence } from '../../storage/association-requests.ts';
import { listAssociations, listOwnAssociations, readAssociation } from '../../storage/associations.ts';
import type { Db } from '../../storage/database.ts';
import { leaveBenchmark } from '../../storage/dataset-departure.ts';
import { authorOf, callerOf } from '../caller.ts';
import * as contract from '../contract/associations.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

export function associationRoutes(app: App, { db, workflows }: Services): void {
  app.route({
    ...contract.checkAssociation,
    handler: async (request) => {
      await checkAssociationPossible(db, callerOf(request), request.body);
      return { possible: true as const };
    },
  });

  app.route({
    ...contract.requestAssociation,
    handler: async (request, reply) => {
      const { testResult, testDatasetSha256, ...subject } = request.body;
      const evidence = toEvidence(testResult, testDatasetSha256);
      const association = await requestAssociation(db, callerOf(request), subject, evidence);
      await workflows.startReview(association.id);
      if (association.submission > 1 && isUndecided(association.state)) await workflows.tellReview(association.id);
      return reply.code(201).send(association);
    },
  });

  app.route({
    ...contract.listAssociations,
    preValidation: async (request) => {
      // The only parameter that is not a text.
      const query = request.query as Record<string, unknown>;
      if (query.mine === 'true' || query.mine === 'false') query.mine = query.mine === 'true';
    },
    handler: async (request) => {
      const { query } = request;
      const list = query.mine === true ? listOwnAssociations : listAssociations;
      const filter = { ...query, ...toPeriod(query) };
      const page = toPageRequest('listAssociations', query);
      return toPageAnswer('listAssociations', query, await list(db, callerOf(request).id, filter, page));
    },
  });

  app.route({
    ...contract.readAssociation,
    handler: async (request) => readAssociation(db, request.params.id, callerOf(request).id),
  });
}

function toEvidence(
  testResult: unknown,
  testDatasetSha256: TestEvidence['testDatasetSha256'] | undefined,
): TestEvidence | null {
  if (testResult === undefined && testDatasetSha256 === undefined) return null;
  if (testResult === undefined || testDatasetSha256 === undefined) {
    throw new StrongroomError('E_INVALID_REQUEST', 'A test result goes with the digest of its test dataset.');
  }
  return { testResult: parseMetrics(testResult), testDatasetSha256 };
}

/** The committee's side, and the requester's change of mind. */
export function reviewRoutes(app: App, { db, workflows }: Services): void {
  app.route({
    ...contract.castVote,
    handler: async (request, reply) => {
      const member = callerOf(request);
      const { id } = request.params;
      const status = await unlessEnded(db, id, member, () =>
        workflows.castVote(id, { member: member.handle, ...request.body }, authorOf(request)),
      );
      return reply.code(201).send(status);
    },
  });

  app.route({
    ...contract.withdrawAssociation,
    handler: async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      return unlessEnded(db, id, caller, () => workflows.withdraw(id, request.body.reason, authorOf(request)));
    },
  });

  app.route({
    ...contract.leaveBenchmark,
    handler: async (request) => leaveBenchmark(db, callerOf(request), request.params.id, request.body.reason),
  });
}

/** A review that has ended takes no more Updates; the association says how it ended. */
async function unlessEnded<Answer>(
  db: Db,
  id: AssociationId,
  viewer: Account,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const { state, reason, deadline } = await readAssociation(db, id, viewer.id);
    if (state === 'expired') {
      throw new StrongroomError('E_DEADLINE_PASSED', 'The time for votes on this request is over.', {
        why: `It ended at ${deadline}.`,
        next: 'Its owner can ask again.',
      });
    }
    if (isUndecided(state)) throw error;
    throw new StrongroomError(
      'E_ALREADY_DECIDED',
      `This request is ${state} already.`,
      reason === null ? {} : { why: reason },
    );
  }
}
