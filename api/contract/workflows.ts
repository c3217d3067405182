/** How a piece of the platform's work goes, while it goes. */
import { Type, type Static } from 'typebox';
import { defineRoute } from './route.ts';
import { named, nullable, oneOf, readonlyList } from './words.ts';

/** The platform's workflows that somebody waits for, by the first part of their id. */
export const FOLLOWED_WORKFLOWS = ['review', 'function'] as const;

const MomentSchema = Type.String({ format: 'date-time' });
const StepSchema = Type.Object({
  name: Type.String(),
  state: oneOf(['running', 'done', 'failed', 'waiting']),
  startedAt: MomentSchema,
  finishedAt: nullable(MomentSchema),
  detail: nullable(Type.String()),
});

export const WorkflowProgressSchema = named(
  'WorkflowProgress',
  Type.Object({
    id: Type.String({ description: 'Of this event: send the last one as Last-Event-ID to hear of changes since.' }),
    workflow: Type.String(),
    state: oneOf(['running', 'completed', 'failed', 'cancelled']),
    stage: Type.String(),
    waitingOn: nullable(Type.String({ description: 'Who must act, in words.' })),
    since: nullable(MomentSchema),
    steps: readonlyList(StepSchema),
  }),
);
export type WorkflowProgress = Static<typeof WorkflowProgressSchema.schema>;

export const workflowSchemas = [WorkflowProgressSchema.schema];

export const streamWorkflow = defineRoute({
  method: 'GET',
  url: '/v1/workflows/:kind/:id/events',
  id: 'streamWorkflow',
  tag: 'Events',
  summary: 'How a review or a deployment goes, as server-sent events',
  description:
    'KIND/ID is the id of the workflow: review/ASSOCIATION or function/FUNCTION. An event with a `WorkflowProgress` comes at once and with every change; the stream ends with the workflow. A comment every 15 seconds keeps the connection open.',
  params: Type.Object({ kind: oneOf(FOLLOWED_WORKFLOWS), id: Type.String({ pattern: '^[0-9A-Za-z-]{1,64}$' }) }),
  answers: {
    200: Type.Unsafe<never>({
      description: 'text/event-stream',
      content: { 'text/event-stream': { schema: WorkflowProgressSchema.ref } },
    }),
  },
});
