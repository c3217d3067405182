/** What a benchmark approves without votes. */
import { Type } from 'typebox';
import { APPROVES } from '../../domain/approval-policy.ts';
import { defineRoute, tagged, unchanged } from './route.ts';
import {
  BenchmarkNameSchema,
  closed,
  EmailAddressSchema,
  HandleSchema,
  named,
  nullable,
  oneOf,
  readonlyList,
  TimestampSchema,
  TypedEmailSchema,
} from './words.ts';

const ApprovesSchema = oneOf(APPROVES);

export const NewApprovalPolicySchema = named(
  'NewApprovalPolicy',
  Type.Object(
    {
      approves: ApprovesSchema,
      addresses: Type.Optional(
        Type.Array(TypedEmailSchema, {
          maxItems: 1000,
          description: 'Of those whose requests a `listed` policy approves.',
        }),
      ),
    },
    closed,
  ),
);

const ApprovalPolicySchema = named(
  'ApprovalPolicy',
  Type.Object({
    approves: ApprovesSchema,
    addresses: readonlyList(EmailAddressSchema),
    setBy: nullable(HandleSchema),
    setAt: nullable(TimestampSchema),
  }),
);

const ApprovalPoliciesSchema = named(
  'ApprovalPolicies',
  Type.Object({ container: ApprovalPolicySchema.ref, dataset: ApprovalPolicySchema.ref }),
);

export const approvalPolicySchemas = [
  NewApprovalPolicySchema.schema,
  ApprovalPolicySchema.schema,
  ApprovalPoliciesSchema.schema,
];

const tag = 'Benchmarks';
const byBenchmark = Type.Object({ name: BenchmarkNameSchema });

export const readApprovalPolicies = defineRoute({
  method: 'GET',
  url: '/v1/benchmarks/:name/policies',
  id: 'readApprovalPolicies',
  tag,
  summary: 'What a benchmark approves without votes',
  params: byBenchmark,
  description: 'With an `ETag`, by which `setApprovalPolicies` knows what it takes the place of.',
  answers: { 200: tagged(ApprovalPoliciesSchema.ref), 304: unchanged },
});

export const setApprovalPolicies = defineRoute({
  method: 'PUT',
  url: '/v1/benchmarks/:name/policies',
  id: 'setApprovalPolicies',
  tag,
  summary: 'Set what a benchmark approves without votes',
  description:
    'For requests to come. What comes from a member of the committee, or from whoever set the policy, is voted on all the same. A policy that is sent as it is there stays that of whoever set it.',
  params: byBenchmark,
  body: Type.Object({ container: NewApprovalPolicySchema.ref, dataset: NewApprovalPolicySchema.ref }, closed),
  answers: { 200: tagged(ApprovalPoliciesSchema.ref) },
});
