/** Who sits on a committee, and whom it invites. */
import { Type } from 'typebox';
import { BenchmarkSchema } from './registrations.ts';
import { defineRoute, nothing, pageQuery, pagesOf } from './route.ts';
import {
  AssociationIdSchema,
  BenchmarkNameSchema,
  closed,
  ContainerNameSchema,
  HandleSchema,
  named,
  nullable,
  ReasonSchema,
  TimestampSchema,
} from './words.ts';

const InvitationSchema = named(
  'Invitation',
  Type.Object({
    benchmark: BenchmarkNameSchema,
    container: Type.Object({ owner: HandleSchema, name: ContainerNameSchema }),
    invitedBy: HandleSchema,
    reason: Type.String(),
    invitedAt: TimestampSchema,
    association: nullable(AssociationIdSchema),
  }),
);

export const committeeSchemas = [InvitationSchema.schema];

const tag = 'Benchmarks';
const byBenchmark = Type.Object({ name: BenchmarkNameSchema });

export const addMember = defineRoute({
  method: 'POST',
  url: '/v1/benchmarks/:name/members',
  id: 'addMember',
  tag,
  summary: 'Take an account into the committee',
  description: 'From then on it votes on whatever is undecided. A repeat changes nothing.',
  params: byBenchmark,
  body: Type.Object({ member: HandleSchema }, closed),
  answers: { 200: BenchmarkSchema.ref },
});

export const removeMember = defineRoute({
  method: 'DELETE',
  url: '/v1/benchmarks/:name/members/:member',
  id: 'removeMember',
  tag,
  summary: 'Take a seat on the committee away',
  description:
    'Its vote no longer counts on what is undecided, which may be decided by that. Refused where the rest could not reach the quorum.',
  params: Type.Object({ name: BenchmarkNameSchema, member: HandleSchema }),
  answers: { 200: BenchmarkSchema.ref },
});

export const inviteContainer = defineRoute({
  method: 'POST',
  url: '/v1/benchmarks/:name/invitations',
  id: 'inviteContainer',
  tag,
  summary: 'Invite a container',
  description:
    'Its owner is told, and a request that follows is marked. It is no vote. A repeat answers with the invitation that is there.',
  params: byBenchmark,
  body: Type.Object({ owner: HandleSchema, container: ContainerNameSchema, reason: ReasonSchema }, closed),
  answers: { 201: InvitationSchema.ref },
});

export const withdrawInvitation = defineRoute({
  method: 'DELETE',
  url: '/v1/benchmarks/:name/invitations/:owner/:container',
  id: 'withdrawInvitation',
  tag,
  summary: 'Take an invitation back',
  params: Type.Object({ name: BenchmarkNameSchema, owner: HandleSchema, container: ContainerNameSchema }),
  answers: { 204: nothing },
});

export const listInvitations = defineRoute({
  method: 'GET',
  url: '/v1/invitations',
  id: 'listInvitations',
  tag,
  summary: 'Invitations to the own containers, and those by own committees',
  querystring: Type.Object({ ...pageQuery, benchmark: Type.Optional(BenchmarkNameSchema) }, closed),
  answers: { 200: pagesOf(InvitationSchema.ref) },
});
