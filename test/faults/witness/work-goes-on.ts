/** Work (I7): no workflow whose steps fail again and again, and no process that said that it broke. */
import type { Client } from '@temporalio/client';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** So many attempts at one step, when everything has been up for a while, are no chance. */
const SUSPICIOUS_ATTEMPTS = 5;

export async function stuckWorkflows(temporal: Client): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId, runId } of temporal.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    const { raw } = await temporal.workflow.getHandle(workflowId, runId).describe();
    const task = raw.pendingWorkflowTask?.attempt ?? 0;
    if (task >= SUSPICIOUS_ATTEMPTS) found.push(`${workflowId} fails for the ${task}th time`);
    for (const { activityType, attempt, lastFailure } of raw.pendingActivities ?? []) {
      if ((attempt ?? 0) < SUSPICIOUS_ATTEMPTS) continue;
      const why = lastFailure?.message ?? 'it does not say why';
      found.push(`${workflowId}: ${activityType?.name ?? ''} fails for the ${attempt ?? 0}th time: ${why}`);
    }
  }
  return found;
}

const BROKEN = /panic:|UnhandledPromiseRejection|ERR_UNHANDLED|Uncaught |unhandledRejection|FATAL ERROR/;

export async function brokenProcesses(logFiles: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of logFiles) {
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    found.push(...lines.filter((line) => BROKEN.test(line)).map((line) => `${file}: ${line.slice(0, 300)}`));
  }
  return found;
}

export async function logsBelow(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files.filter((file) => file.name.endsWith('.log')).map((file) => path.join(file.parentPath, file.name));
}
