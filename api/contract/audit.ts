/** The audit log, for those who operate the platform. */
import { Type } from 'typebox';
import { AUDIT_ACTIONS, type AuditFacts } from '../../domain/audit.ts';
import { CursorSchema, defineRoute, LimitSchema, pageOf, periodQuery } from './route.ts';
import { closed, HandleSchema, named, nullable, oneOf, Sha256Schema, TimestampSchema } from './words.ts';

const FactsSchema = Type.Unsafe<AuditFacts | null>({ type: ['object', 'null'], additionalProperties: true });
const SubjectSchema = Type.String({ minLength: 1, maxLength: 300, description: 'For instance certificate/<id>.' });

const AuditEntrySchema = named(
  'AuditEntry',
  Type.Object({
    sequence: Type.Integer({ minimum: 1, description: 'From 1, without a gap.' }),
    at: TimestampSchema,
    account: nullable(HandleSchema),
    token: nullable(Type.String({ description: 'The id of the session or access token.' })),
    requestId: nullable(Type.String()),
    action: oneOf(AUDIT_ACTIONS),
    subject: SubjectSchema,
    before: FactsSchema,
    after: FactsSchema,
    hash: Sha256Schema,
  }),
);

const SignedAuditHeadSchema = named(
  'SignedAuditHead',
  Type.Object({
    note: Type.String({ description: 'A signed note: name, number of the last entry, its hash in base64.' }),
    key: Type.String({ description: 'By which the signature is checked: NAME+HASH+KEY.' }),
  }),
);

export const auditSchemas = [AuditEntrySchema.schema, SignedAuditHeadSchema.schema];

const tag = 'Audit';

export const listAuditEntries = defineRoute({
  method: 'GET',
  url: '/v1/audit/entries',
  id: 'listAuditEntries',
  tag,
  summary: 'Decisions and changes of access, the oldest first',
  description:
    'For operators. The hash of an entry is the SHA-256 of the lines `strongroom audit entry v1`, its number, its time, the hash before it, and the rest of it as canonical JSON (RFC 8785).',
  querystring: Type.Object(
    {
      account: Type.Optional(HandleSchema),
      action: Type.Optional(oneOf(AUDIT_ACTIONS)),
      subject: Type.Optional(SubjectSchema),
      ...periodQuery,
      after: Type.Optional(CursorSchema),
      limit: Type.Optional(LimitSchema),
    },
    closed,
  ),
  answers: { 200: pageOf(AuditEntrySchema.ref) },
});

export const readAuditHead = defineRoute({
  method: 'GET',
  url: '/v1/audit/head',
  id: 'readAuditHead',
  tag,
  summary: 'The signed head of the audit log, to be kept',
  answers: { 200: SignedAuditHeadSchema.ref },
});
