import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { sql } from 'kysely';
import { StrongroomError } from '../../domain/errors.ts';
import type { Db } from '../../storage/database.ts';
import { CANARY_WORKFLOW_ID } from '../../workflows/canary/contract.ts';
import { openCanary } from '../canary.ts';
import type { App } from '../services.ts';

const PATIENCE_MS = 2_000;

/**
 * `/livez` says that the process runs. `/readyz` asks Postgres and Temporal a question that each must look up, and,
 * now and then, for a piece of work, which must be done.
 */
export function healthRoutes(app: App, db: Db, temporal: Client): void {
  const open = { schema: { hide: true }, config: { operation: 'readHealth' as const }, logLevel: 'warn' as const };
  const canary = openCanary(temporal);
  app.get('/livez', open, async () => ({ alive: true }));
  app.get('/readyz', open, async (request) => {
    const [postgres, workflows] = await Promise.allSettled([askPostgres(db), askTemporal(temporal)]);
    const away = [
      ...(postgres.status === 'rejected' ? ['Postgres'] : []),
      ...(workflows.status === 'rejected' ? ['Temporal'] : (await canary()) ? [] : ['a worker']),
    ];
    if (away.length === 0) return { ready: true };
    request.log.warn({ away }, 'not ready');
    throw new StrongroomError('E_UNAVAILABLE', 'The platform is not ready.', {
      why: `No answer from ${away.join(' and ')}.`,
      next: 'Try again in a moment.',
    });
  });
}

async function askPostgres(db: Db): Promise<void> {
  const question = sql`SELECT name FROM benchmarks LIMIT 1`.execute(db);
  await Promise.race([
    question,
    new Promise((_resolve, reject) => setTimeout(reject, PATIENCE_MS, new Error('timeout')).unref()),
  ]);
}

/** Temporal can say that it serves after it lost its database; only a look into a history tells. */
async function askTemporal(temporal: Client): Promise<void> {
  try {
    await temporal.withDeadline(Date.now() + PATIENCE_MS, () =>
      temporal.workflow.getHandle(CANARY_WORKFLOW_ID).describe(),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
