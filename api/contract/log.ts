/** The transparency log: which functions were deployed, and which keys users have, for everyone to hold against each other. */
import { Type } from 'typebox';
import { CursorSchema, defineRoute, LimitSchema, pageOf } from './route.ts';
import { BytesSchema, closed, named, nullable, readonlyList, Sha256Schema, TimestampSchema } from './words.ts';

const HashesSchema = readonlyList(Sha256Schema, { description: 'From the leaf, or the older root, upwards.' });

const CheckpointSchema = named(
  'LogCheckpoint',
  Type.Object({
    note: Type.String({
      description: 'A signed note (C2SP tlog-checkpoint): name, number of entries, root in base64.',
    }),
    key: Type.String({ description: 'By which the signature is checked: NAME+HASH+KEY. To be kept.' }),
    consistency: nullable(HashesSchema),
  }),
);

const LogEntrySchema = named(
  'LogEntry',
  Type.Object({
    index: Type.Integer({ minimum: 0 }),
    leafHash: Sha256Schema,
    leaf: nullable(BytesSchema),
    at: TimestampSchema,
  }),
);

export const logSchemas = [CheckpointSchema.schema, LogEntrySchema.schema];

const tag = 'Log';
/** The number of entries of a checkpoint that the caller has kept. */
const since = { since: Type.Optional(CursorSchema) };

export const readLogCheckpoint = defineRoute({
  tag,
  method: 'GET',
  url: '/v1/log/checkpoint',
  id: 'readLogCheckpoint',
  summary: 'The head of the transparency log, signed',
  description:
    'With `since`, the number of entries of an earlier checkpoint, `consistency` shows that it is the beginning of this ' +
    'one (RFC 9162 section 2.1.4).',
  querystring: Type.Object(since, closed),
  answers: { 200: CheckpointSchema.ref },
});

export const proveLogInclusion = defineRoute({
  tag,
  method: 'GET',
  url: '/v1/log/entries/:leafHash',
  id: 'proveLogInclusion',
  summary: 'Show that an entry is in the transparency log',
  description: 'A proof of inclusion (RFC 9162 section 2.1.3) in a checkpoint; `since` as for the checkpoint.',
  params: Type.Object({ leafHash: Sha256Schema }),
  querystring: Type.Object(since, closed),
  answers: {
    200: Type.Object({
      checkpoint: CheckpointSchema.ref,
      index: Type.Integer({ minimum: 0 }),
      inclusion: HashesSchema,
    }),
  },
});

export const listLogEntries = defineRoute({
  tag,
  method: 'GET',
  url: '/v1/log/entries',
  id: 'listLogEntries',
  summary: 'The entries of the transparency log, the oldest first',
  description: "Of other people's functions only the hash is shown; keys of users are for everyone to see.",
  querystring: Type.Object({ after: Type.Optional(CursorSchema), limit: Type.Optional(LimitSchema) }, closed),
  answers: { 200: pageOf(LogEntrySchema.ref) },
});
