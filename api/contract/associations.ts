/** Requests to a benchmark's committee, its votes, and what was decided. */
import { Type } from 'typebox';
import { ASSOCIATION_KINDS, ASSOCIATION_STATES, BALLOTS } from '../../domain/association.ts';
import type { Metrics } from '../../domain/metrics.ts';
import { defineRoute, pageQuery, pagesOf, periodQuery } from './route.ts';
import {
  AssociationIdSchema,
  BenchmarkNameSchema,
  closed,
  FingerprintSchema,
  HandleSchema,
  ImageDigestSchema,
  named,
  nullable,
  oneOf,
  readonlyList,
  ReasonSchema,
  Sha256Schema,
  SLUG,
  TimestampSchema,
} from './words.ts';

export const MetricsSchema = named(
  'Metrics',
  Type.Unsafe<Metrics>({
    type: 'object',
    additionalProperties: true,
    minProperties: 1,
    description: 'Scores; 64 KiB of JSON at most.',
  }),
);

const KindSchema = oneOf(ASSOCIATION_KINDS);
const StateSchema = oneOf(ASSOCIATION_STATES);
const BallotSchema = oneOf(BALLOTS);
/** A container's name and a dataset's name follow the same rule. */
const SubjectNameSchema = Type.String({ pattern: SLUG, maxLength: 40 });

const VoteSchema = named(
  'Vote',
  Type.Object({ member: HandleSchema, ballot: BallotSchema, reason: Type.String(), at: TimestampSchema }),
);

const ConcernedCertificateSchema = named(
  'ConcernedCertificate',
  Type.Object({ account: HandleSchema, fingerprint: FingerprintSchema, expiresAt: TimestampSchema }),
);

const SubmittedSchema = Type.Union(
  [
    Type.Object({ archiveSha256: Sha256Schema, imageDigest: ImageDigestSchema, configSha256: Sha256Schema }, closed),
    Type.Object({ datasetSha256: Sha256Schema }, closed),
  ],
  { description: 'What the committee decides on: of a container, or of a dataset. Fixed with each submission.' },
);

export const AssociationSchema = named(
  'Association',
  Type.Object({
    id: AssociationIdSchema,
    kind: KindSchema,
    owner: HandleSchema,
    name: Type.String({ description: 'Of the container or dataset.' }),
    benchmark: BenchmarkNameSchema,
    state: StateSchema,
    reason: nullable(Type.String({ description: 'Why it was decided or closed.' })),
    approvedBy: nullable(oneOf(['committee', 'policy'])),
    invitedBy: nullable(HandleSchema),
    requestedAt: TimestampSchema,
    deadline: TimestampSchema,
    decidedAt: nullable(TimestampSchema),
    closedAt: nullable(TimestampSchema),
    quorum: Type.Integer(),
    approvals: Type.Integer(),
    votes: readonlyList(VoteSchema.ref),
    waitingFor: readonlyList(HandleSchema, { description: 'Members who have not voted on an undecided request.' }),
    testResult: nullable(MetricsSchema.ref),
    testDatasetSha256: nullable(Sha256Schema),
    submission: Type.Integer({ minimum: 1, description: 'One more each time the owner submitted it again.' }),
    content: SubmittedSchema,
    since: Type.String({ format: 'date-time', description: 'Since when it is in its state.' }),
    waitingOn: readonlyList(HandleSchema, { description: 'Those who can bring it forward now.' }),
    next: Type.String({ description: 'What happens next, in a sentence.' }),
    certificates: readonlyList(ConcernedCertificateSchema.ref, {
      description: "Of a container: those that have access. Of a dataset: its owner's valid one.",
    }),
  }),
);

const ReviewStatusSchema = named(
  'ReviewStatus',
  Type.Object({
    state: StateSchema,
    submission: Type.Integer({ minimum: 1 }),
    votes: readonlyList(Type.Object({ member: HandleSchema, ballot: BallotSchema, reason: Type.String() })),
    quorum: Type.Integer(),
    approvals: Type.Integer(),
    waitingFor: readonlyList(HandleSchema),
    deadline: TimestampSchema,
    reason: nullable(Type.String()),
  }),
);

export const associationSchemas = [
  MetricsSchema.schema,
  VoteSchema.schema,
  ConcernedCertificateSchema.schema,
  AssociationSchema.schema,
  ReviewStatusSchema.schema,
];

const tag = 'Associations';
export const byAssociation = Type.Object({ id: AssociationIdSchema });
const subject = { kind: KindSchema, name: SubjectNameSchema, benchmark: BenchmarkNameSchema };

export const checkAssociation = defineRoute({
  method: 'POST',
  url: '/v1/associations/preflight',
  id: 'checkAssociation',
  tag,
  summary: 'Ask whether a request could succeed',
  description: 'Fails with what the request would fail with.',
  body: Type.Object(subject, closed),
  answers: { 200: Type.Object({ possible: Type.Literal(true) }) },
});

export const requestAssociation = defineRoute({
  method: 'POST',
  url: '/v1/associations',
  id: 'requestAssociation',
  tag,
  summary: "Ask a benchmark's committee to accept a container or a dataset",
  description:
    'A container brings the result of its compatibility test and the digest of the test dataset it ran on. Repeating an open request answers with the same association; one for which changes were asked is submitted again.',
  body: Type.Object(
    { ...subject, testResult: Type.Optional(MetricsSchema.ref), testDatasetSha256: Type.Optional(Sha256Schema) },
    closed,
  ),
  answers: { 201: AssociationSchema.ref },
});

export const listAssociations = defineRoute({
  method: 'GET',
  url: '/v1/associations',
  id: 'listAssociations',
  tag,
  summary: 'The own requests, and those to own committees',
  description: '`from` and `until` are about when it was requested.',
  querystring: Type.Object(
    {
      ...pageQuery,
      benchmark: Type.Optional(BenchmarkNameSchema),
      state: Type.Optional(StateSchema),
      kind: Type.Optional(KindSchema),
      owner: Type.Optional(HandleSchema),
      name: Type.Optional(SubjectNameSchema),
      ...periodQuery,
      mine: Type.Optional(Type.Boolean({ description: 'Only own requests.' })),
    },
    closed,
  ),
  answers: { 200: pagesOf(AssociationSchema.ref) },
});

export const readAssociation = defineRoute({
  method: 'GET',
  url: '/v1/associations/:id',
  id: 'readAssociation',
  tag,
  summary: 'One association',
  params: byAssociation,
  answers: { 200: AssociationSchema.ref },
});

export const castVote = defineRoute({
  method: 'POST',
  url: '/v1/associations/:id/votes',
  id: 'castVote',
  tag,
  summary: 'Vote as a member of the committee, or change the vote',
  description:
    'Until the decision. One wish for changes gives the request back to its owner. A vote against it needs a reason.',
  params: byAssociation,
  body: Type.Object({ ballot: BallotSchema, reason: Type.String({ maxLength: 1000 }) }, closed),
  answers: { 201: ReviewStatusSchema.ref },
});

export const withdrawAssociation = defineRoute({
  method: 'POST',
  url: '/v1/associations/:id/withdrawal',
  id: 'withdrawAssociation',
  tag,
  summary: 'Take an undecided own request back',
  params: byAssociation,
  body: Type.Object({ reason: ReasonSchema }, closed),
  answers: { 200: ReviewStatusSchema.ref },
});

export const leaveBenchmark = defineRoute({
  method: 'POST',
  url: '/v1/associations/:id/departure',
  id: 'leaveBenchmark',
  tag,
  summary: 'Take an approved dataset of yours out of its benchmark',
  description:
    'Without another approved dataset there you are no authorised data owner of the benchmark any more: every key that was wrapped to you in it is erased at the same moment.',
  params: byAssociation,
  body: Type.Object({ reason: ReasonSchema }, closed),
  answers: { 200: Type.Object({ association: AssociationSchema.ref, grantsRevoked: Type.Integer({ minimum: 0 }) }) },
});
