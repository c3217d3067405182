import type { Client } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { judge, permissionFor } from '../../domain/permissions.ts';
import type { Db } from '../../storage/database.ts';
import { findStandings } from '../../storage/standings.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/workflows.ts';
import type { EventStream, OpenStream } from '../server-sent-events.ts';
import type { App } from '../services.ts';
import { lookAtWorkflow, type WorkflowLook } from '../workflow-progress.ts';

const LOOK_MS = 1_000;

/** Progress of workflows: at once, with each change after that, and to the end. */
export function workflowRoutes(app: App, db: Db, temporal: Client, openStream: OpenStream): void {
  app.route({
    ...contract.streamWorkflow,
    handler: async (request, reply) => {
      const { kind, id } = request.params;
      const first = await lookAtWorkflow(temporal, `${kind}/${id}`);
      const caller = callerOf(request).id;
      // Whoever left the committee meanwhile does not hear the rest.
      const stream = openStream(request, reply, async (open) => {
        const standings = await findStandings(db, caller, 'workflow', { kind, id });
        const row = permissionFor('streamWorkflow');
        if (row?.callers !== 'by standing' || judge(row, standings) !== 'allowed') open.end();
      });
      await tell(temporal, stream, first, String(request.headers['last-event-id'] ?? '')).catch(() => {
        stream.destroy();
      });
    },
  });
}

async function tell(temporal: Client, stream: EventStream, first: WorkflowLook, lastId: string): Promise<void> {
  let look = first;
  let told = lastId;
  for (;;) {
    const { progress } = look;
    if (progress.id !== told) stream.send(progress.id, 'progress', progress);
    told = progress.id;
    if (progress.state !== 'running') {
      stream.end();
      return;
    }
    await pause(LOOK_MS);
    if (stream.ended) return;
    look = await lookAtWorkflow(temporal, progress.workflow, look);
  }
}
