/** Waits until a Temporal server of ours does its work. */
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { StrongroomError } from '../domain/errors.ts';
import type { Child } from './child-process.ts';

const PATIENCE_MS = 180_000;

/**
 * Resolves once the server at `address` knows `namespace`, and `prepare` went through. Where it does not get there, the
 * server is stopped and it fails with `E_UNAVAILABLE`.
 */
export async function untilServing(
  address: string,
  namespace: string,
  child: Child,
  prepare: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS;) {
    if (child.exited()) break;
    try {
      const connection = await Connection.connect({ address, connectTimeout: '1s' });
      try {
        await prepare(connection);
        await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch {
      await pause(100);
    }
  }
  await child.stop();
  throw new StrongroomError('E_UNAVAILABLE', 'The Temporal server did not start.', {
    next: `Look into its log: ${child.logFile}`,
  });
}
