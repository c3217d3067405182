/** A story as progress lines: its steps, and under the running one the bytes that its activity reports. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Progress } from '../domain/progress.ts';
import type { StoryStatus } from '../workflows/story/contract.ts';
import type { ProgressLine } from './progress-display.ts';

export function storyLines(status: StoryStatus, progress: Progress | null): ProgressLine[] {
  return status.steps.map((step, index) => ({
    key: String(index),
    text: textOf(step, status),
    state: step.state,
    progress: step.state === 'running' ? progress : null,
  }));
}

function textOf(step: StoryStatus['steps'][number], status: StoryStatus): string {
  if (step.state === 'waiting' && status.waitingOn !== null) return `${step.name} (waiting on ${status.waitingOn})`;
  return step.detail === null ? step.name : `${step.name}: ${step.detail}`;
}

/** What the running activity reported last, where it reports bytes. */
export function reportedProgress(description: WorkflowExecutionDescription): Progress | null {
  for (const activity of description.raw.pendingActivities ?? []) {
    const payload = activity.heartbeatDetails?.payloads?.[0];
    if (!payload) continue;
    const progress = toProgress(defaultPayloadConverter.fromPayload(payload));
    if (progress) return progress;
  }
  return null;
}

function toProgress(value: unknown): Progress | null {
  if (typeof value !== 'object' || value === null) return null;
  if ('progress' in value) return toProgress(value.progress);
  const { phase, bytesDone, bytesTotal } = value as Record<string, unknown>;
  if (typeof phase !== 'string' || typeof bytesDone !== 'number') return null;
  return { phase, bytesDone, bytesTotal: typeof bytesTotal === 'number' ? bytesTotal : null };
}
