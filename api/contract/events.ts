/** What an agent hears of: short notes that something changed, never the thing itself. */
import { Type, type Static } from 'typebox';
import { EVENT_TYPES } from '../../domain/platform-event.ts';
import { defineRoute } from './route.ts';
import {
  AssociationIdSchema,
  BenchmarkNameSchema,
  FingerprintSchema,
  HandleSchema,
  named,
  oneOf,
  TimestampSchema,
} from './words.ts';

export const EventSchema = named(
  'Event',
  Type.Object({
    id: Type.String({ pattern: '^[0-9]{1,19}$', description: 'Send the last one as Last-Event-ID to go on after it.' }),
    type: oneOf(EVENT_TYPES),
    at: TimestampSchema,
    association: Type.Optional(AssociationIdSchema),
    container: Type.Optional(Type.String({ description: 'owner/name' })),
    dataset: Type.Optional(Type.String({ description: 'owner/name' })),
    benchmark: Type.Optional(BenchmarkNameSchema),
    account: Type.Optional(HandleSchema),
    fingerprint: Type.Optional(FingerprintSchema),
  }),
);
export type PlatformEvent = Static<typeof EventSchema.schema>;

export const eventSchemas = [EventSchema.schema];

export const streamEvents = defineRoute({
  method: 'GET',
  url: '/v1/events',
  id: 'streamEvents',
  tag: 'Events',
  summary: 'What concerns the caller, as server-sent events',
  description:
    'Each event has the id, the type as its name and an `Event` as JSON data. A comment every 15 seconds keeps the connection open.',
  answers: {
    200: Type.Unsafe<never>({
      description: 'text/event-stream',
      content: { 'text/event-stream': { schema: EventSchema.ref } },
    }),
  },
});
