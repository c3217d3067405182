/** What a benchmark approves without votes. */
import { Type } from 'typebox';
import { APPROVES } from '../../domain/approval-policy.ts';
import { ASSOCIATION_KINDS } from '../../domain/association.ts';
import { defineRoute } from './route.ts';
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
  answers: { 200: ApprovalPoliciesSchema.ref },
});

export const setApprovalPolicy = defineRoute({
  method: 'POST',
  url: '/v1/benchmarks/:name/policies',
  id: 'setApprovalPolicy',
  tag,
  summary: 'Set what a benchmark approves without votes',
  description:
    'For requests to come, of containers or of datasets. What comes from a member of the committee, or from whoever set the policy, is voted on all the same.',
  params: byBenchmark,
  body: Type.Object(
    {
      kind: oneOf(ASSOCIATION_KINDS),
      approves: ApprovesSchema,
      addresses: Type.Optional(Type.Array(TypedEmailSchema, { maxItems: 1000 })),
    },
    closed,
  ),
  answers: { 200: ApprovalPoliciesSchema.ref },
});
