import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { sql } from 'kysely';
import { StrongroomError } from '../../domain/errors.ts';
import type { Db } from '../../storage/database.ts';
import type { App } from '../services.ts';

const PATIENCE_MS = 2_000;

/** `/livez` says that the process runs; `/readyz` asks Postgres and Temporal a question that each must look up. */
export function healthRoutes(app: App, db: Db, temporal: Client): void {
  const open = { schema: { hide: true }, config: { access: 'anyone' as const }, logLevel: 'warn' as const };
  app.get('/livez', open, async () => ({ alive: true }));
  app.get('/readyz', open, async (request) => {
    const [postgres, workflows] = await Promise.allSettled([askPostgres(db), askTemporal(temporal)]);
    if (postgres.status === 'fulfilled' && workflows.status === 'fulfilled') return { ready: true };
    const away = [postgres.status === 'rejected' && 'Postgres', workflows.status === 'rejected' && 'Temporal'].filter(
      Boolean,
    );
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
    await temporal.withDeadline(Date.now() + PATIENCE_MS, () => temporal.workflow.getHandle('readiness').describe());
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
