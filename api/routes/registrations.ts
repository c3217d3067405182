import { toApprovalPolicy, type GivenPolicies } from '../../domain/approval-policy.ts';
import { StrongroomError } from '../../domain/errors.ts';
import {
  closeBenchmark,
  insertBenchmark,
  listBenchmarks,
  readBenchmark,
  type Benchmark,
  type NewBenchmark,
} from '../../storage/benchmarks.ts';
import { findVisibleContainer, insertContainer, listContainers, type Container } from '../../storage/containers.ts';
import { findVisibleDataset, insertDataset, listDatasets } from '../../storage/datasets.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/registrations.ts';
import { toReachable, toStored, withBlobUrls } from '../hosted-url.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';
import { mapPage } from '../../storage/pages.ts';

const REMINDER_HOURS = 72;

export function benchmarkRoutes(app: App, { db, settings }: Services): void {
  const withUrls = (benchmark: Benchmark) => withBlobUrls(settings.publicUrl, benchmark);

  app.route({
    ...contract.createBenchmark,
    handler: async (request, reply) => {
      const { reminderHours = REMINDER_HOURS, policies = {}, ...given } = request.body;
      const benchmark = { ...given, reminderHours, policies: toPolicies(policies) };
      return reply.code(201).send(withUrls(await insertBenchmark(db, callerOf(request), benchmark)));
    },
  });

  app.route({
    ...contract.listBenchmarks,
    handler: async ({ query }) => {
      const page = toPageRequest('listBenchmarks', query);
      return toPageAnswer('listBenchmarks', query, mapPage(await listBenchmarks(db, query, page), withUrls));
    },
  });

  app.route({
    ...contract.readBenchmark,
    handler: async ({ params }) => withUrls(await readBenchmark(db, params.name)),
  });

  app.route({
    ...contract.closeBenchmark,
    handler: async (request) => withUrls(await closeBenchmark(db, callerOf(request).id, request.params.name)),
  });
}

const toPolicies = ({ container, dataset }: GivenPolicies): NewBenchmark['policies'] => ({
  ...(container && { container: toApprovalPolicy(container) }),
  ...(dataset && { dataset: toApprovalPolicy(dataset) }),
});

export function containerRoutes(app: App, { db, settings: { publicUrl } }: Services): void {
  const reachable = (container: Container) => ({ ...container, archive: toReachable(publicUrl, container.archive) });

  app.route({
    ...contract.registerContainer,
    handler: async (request, reply) => {
      const container = { ...request.body, archive: toStored(publicUrl, request.body.archive) };
      return reply.code(201).send(reachable(await insertContainer(db, callerOf(request).id, container)));
    },
  });

  app.route({
    ...contract.listContainers,
    handler: async (request) => {
      const page = toPageRequest('listContainers', request.query);
      const own = await listContainers(db, callerOf(request).id, request.query, page);
      return toPageAnswer('listContainers', request.query, mapPage(own, reachable));
    },
  });

  app.route({
    ...contract.readContainer,
    handler: async (request) => {
      const { owner, name } = request.params;
      const container = await findVisibleContainer(db, { owner, name }, callerOf(request).id);
      if (container) return reachable(container);
      throw new StrongroomError('E_NOT_FOUND', `There is no container ${owner}/${name} that you can see.`);
    },
  });
}

export function datasetRoutes(app: App, { db }: Services): void {
  app.route({
    ...contract.registerDataset,
    handler: async (request, reply) => {
      const { description = '', ...given } = request.body;
      return reply.code(201).send(await insertDataset(db, callerOf(request).id, { ...given, description }));
    },
  });

  app.route({
    ...contract.listDatasets,
    handler: async (request) => {
      const page = toPageRequest('listDatasets', request.query);
      return toPageAnswer(
        'listDatasets',
        request.query,
        await listDatasets(db, callerOf(request).id, request.query, page),
      );
    },
  });

  app.route({
    ...contract.readDataset,
    handler: async (request) => {
      const { owner, name } = request.params;
      const dataset = await findVisibleDataset(db, { owner, name }, callerOf(request).id);
      if (dataset) return dataset;
      throw new StrongroomError('E_NOT_FOUND', `There is no dataset ${owner}/${name} that you can see.`);
    },
  });
}
