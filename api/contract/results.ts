/** Results that data owners released. */
import { Type } from 'typebox';
import { MetricsSchema } from './associations.ts';
import { defineRoute, pageQuery, pagesOf, periodQuery } from './route.ts';
import {
  BenchmarkNameSchema,
  closed,
  ContainerNameSchema,
  ContainerRefTextSchema,
  DatasetNameSchema,
  HandleSchema,
  named,
  TimestampSchema,
} from './words.ts';

const ContainerRefSchema = Type.Object({ owner: HandleSchema, name: ContainerNameSchema }, closed);

const ResultSchema = named(
  'Result',
  Type.Object({
    id: Type.String({ format: 'uuid' }),
    container: ContainerRefSchema,
    benchmark: BenchmarkNameSchema,
    dataset: Type.Object({ owner: HandleSchema, name: DatasetNameSchema }),
    metrics: MetricsSchema.ref,
    submittedAt: TimestampSchema,
  }),
);

export const resultSchemas = [ResultSchema.schema];

export const submitResult = defineRoute({
  method: 'POST',
  url: '/v1/results',
  id: 'submitResult',
  tag: 'Results',
  summary: 'Submit the result of a run',
  description: 'Repeating the same result answers with the same entry.',
  body: Type.Object(
    {
      container: ContainerRefSchema,
      benchmark: BenchmarkNameSchema,
      dataset: DatasetNameSchema,
      metrics: MetricsSchema.ref,
    },
    closed,
  ),
  answers: { 201: ResultSchema.ref },
});

export const listResults = defineRoute({
  method: 'GET',
  url: '/v1/benchmarks/:name/results',
  id: 'listResults',
  tag: 'Results',
  summary: 'Results of a benchmark: all for its committee, the own ones for others',
  params: Type.Object({ name: BenchmarkNameSchema }),
  querystring: Type.Object({ ...pageQuery, container: Type.Optional(ContainerRefTextSchema), ...periodQuery }, closed),
  answers: { 200: pagesOf(ResultSchema.ref) },
});
