/** What is registered: benchmarks, containers and datasets. */
import { Type } from 'typebox';
import { APPROVES } from '../../domain/approval-policy.ts';
import { NewApprovalPolicySchema } from './approval-policies.ts';
import { defineRoute, pageQuery, pagesOf } from './route.ts';
import {
  BenchmarkNameSchema,
  closed,
  ContainerNameSchema,
  DatasetNameSchema,
  HandleSchema,
  ImageDigestSchema,
  named,
  nullable,
  oneOf,
  readonlyList,
  Sha256Schema,
  SizeSchema,
  TimestampSchema,
} from './words.ts';

const DescriptionSchema = Type.String({ maxLength: 2000 });
const ConfigSchema = Type.String({
  minLength: 1,
  maxLength: 65_536,
  description: 'container_config.yaml, word by word.',
});
const blobFields = { sha256: Sha256Schema, size: SizeSchema };
const BlobSchema = Type.Object(blobFields, closed);

export const HostedArchiveSchema = named(
  'HostedArchive',
  Type.Object({ url: Type.String({ pattern: '^https?://[^\\s@]+$', maxLength: 2000 }), ...blobFields }, closed),
);

const BenchmarkStateSchema = oneOf(['open', 'closed']);

export const BenchmarkSchema = named(
  'Benchmark',
  Type.Object({
    name: BenchmarkNameSchema,
    description: Type.String(),
    owner: HandleSchema,
    state: BenchmarkStateSchema,
    testDataset: HostedArchiveSchema.ref,
    metrics: Type.Object({ config: Type.String(), archive: HostedArchiveSchema.ref, imageDigest: ImageDigestSchema }),
    members: readonlyList(HandleSchema),
    quorum: Type.Integer({ minimum: 1 }),
    approvalDays: Type.Number(),
    reminderHours: Type.Number(),
    approves: Type.Object({ container: oneOf(APPROVES), dataset: oneOf(APPROVES) }, { description: 'Without votes.' }),
    createdAt: TimestampSchema,
    closedAt: nullable(TimestampSchema),
  }),
);

export const ContainerSchema = named(
  'Container',
  Type.Object({
    owner: HandleSchema,
    name: ContainerNameSchema,
    config: Type.String(),
    archive: HostedArchiveSchema.ref,
    imageDigest: ImageDigestSchema,
    plaintextSize: SizeSchema,
    registeredAt: TimestampSchema,
  }),
);

const datasetFields = {
  name: DatasetNameSchema,
  sha256: Sha256Schema,
  size: SizeSchema,
  files: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
};
export const DatasetSchema = named(
  'Dataset',
  Type.Object({ owner: HandleSchema, ...datasetFields, description: Type.String(), registeredAt: TimestampSchema }),
);

export const registrationSchemas = [
  HostedArchiveSchema.schema,
  BenchmarkSchema.schema,
  ContainerSchema.schema,
  DatasetSchema.schema,
];

/** A benchmark that was asked to accept what is listed. */
const askedIn = { benchmark: Type.Optional(BenchmarkNameSchema) };

export const createBenchmark = defineRoute({
  method: 'POST',
  url: '/v1/benchmarks',
  id: 'createBenchmark',
  tag: 'Benchmarks',
  summary: 'Create a benchmark with its committee',
  description:
    'Test dataset and metrics archive were uploaded before. Repeating the same request answers with the same benchmark.',
  body: Type.Object(
    {
      name: BenchmarkNameSchema,
      description: DescriptionSchema,
      testDataset: BlobSchema,
      metrics: Type.Object({ config: ConfigSchema, archive: BlobSchema, imageDigest: ImageDigestSchema }, closed),
      members: Type.Array(HandleSchema, { minItems: 1, maxItems: 100, uniqueItems: true }),
      quorum: Type.Integer({ minimum: 1, maximum: 100 }),
      approvalDays: Type.Number({ exclusiveMinimum: 0, maximum: 365 }),
      reminderHours: Type.Optional(Type.Number({ minimum: 1, maximum: 8760, default: 72 })),
      policies: Type.Optional(
        Type.Object(
          {
            container: Type.Optional(NewApprovalPolicySchema.ref),
            dataset: Type.Optional(NewApprovalPolicySchema.ref),
          },
          { ...closed, description: 'What is approved without votes; nothing where none is given.' },
        ),
      ),
    },
    closed,
  ),
  answers: { 201: BenchmarkSchema.ref },
});

export const listBenchmarks = defineRoute({
  method: 'GET',
  url: '/v1/benchmarks',
  id: 'listBenchmarks',
  tag: 'Benchmarks',
  summary: 'All benchmarks',
  description: '`member` stands for those on whose committee this account sits.',
  querystring: Type.Object(
    {
      ...pageQuery,
      state: Type.Optional(BenchmarkStateSchema),
      member: Type.Optional(HandleSchema),
    },
    closed,
  ),
  answers: { 200: pagesOf(BenchmarkSchema.ref) },
});

const byBenchmark = Type.Object({ name: BenchmarkNameSchema });

export const readBenchmark = defineRoute({
  method: 'GET',
  url: '/v1/benchmarks/:name',
  id: 'readBenchmark',
  tag: 'Benchmarks',
  summary: 'One benchmark',
  params: byBenchmark,
  answers: { 200: BenchmarkSchema.ref },
});

export const closeBenchmark = defineRoute({
  method: 'POST',
  url: '/v1/benchmarks/:name/closing',
  id: 'closeBenchmark',
  tag: 'Benchmarks',
  summary: 'Close a benchmark for new requests',
  description: 'Its creator and its committee may do so. What was approved stays approved.',
  params: byBenchmark,
  answers: { 200: BenchmarkSchema.ref },
});

export const registerContainer = defineRoute({
  method: 'POST',
  url: '/v1/containers',
  id: 'registerContainer',
  tag: 'Containers',
  summary: 'Register a container',
  description:
    'Repeating the same request answers with the same container; another content under the same name is refused.',
  body: Type.Object(
    {
      name: ContainerNameSchema,
      config: ConfigSchema,
      archive: HostedArchiveSchema.ref,
      imageDigest: ImageDigestSchema,
      plaintextSize: SizeSchema,
    },
    closed,
  ),
  answers: { 201: ContainerSchema.ref },
});

export const listContainers = defineRoute({
  method: 'GET',
  url: '/v1/containers',
  id: 'listContainers',
  tag: 'Containers',
  summary: 'The own containers',
  querystring: Type.Object({ ...pageQuery, ...askedIn }, closed),
  answers: { 200: pagesOf(ContainerSchema.ref) },
});

export const byContainer = Type.Object({ owner: HandleSchema, name: ContainerNameSchema });

export const readContainer = defineRoute({
  method: 'GET',
  url: '/v1/containers/:owner/:name',
  id: 'readContainer',
  tag: 'Containers',
  summary: 'One container',
  description:
    'Its owner sees it, and in a benchmark it was submitted to: the committee, and data owners once it is approved.',
  params: byContainer,
  answers: { 200: ContainerSchema.ref },
});

export const registerDataset = defineRoute({
  method: 'POST',
  url: '/v1/datasets',
  id: 'registerDataset',
  tag: 'Datasets',
  summary: 'Register a dataset by name, digest and size',
  description: 'The data itself never leaves its owner.',
  body: Type.Object({ ...datasetFields, description: Type.Optional(DescriptionSchema) }, closed),
  answers: { 201: DatasetSchema.ref },
});

export const listDatasets = defineRoute({
  method: 'GET',
  url: '/v1/datasets',
  id: 'listDatasets',
  tag: 'Datasets',
  summary: 'The own datasets',
  querystring: Type.Object({ ...pageQuery, ...askedIn }, closed),
  answers: { 200: pagesOf(DatasetSchema.ref) },
});

export const readDataset = defineRoute({
  method: 'GET',
  url: '/v1/datasets/:owner/:name',
  id: 'readDataset',
  tag: 'Datasets',
  summary: 'One dataset',
  description: 'Its owner sees it, and the committees that were asked to approve it.',
  params: Type.Object({ owner: HandleSchema, name: DatasetNameSchema }),
  answers: { 200: DatasetSchema.ref },
});
