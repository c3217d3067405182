/** Metrics in Prometheus's form: requests as they are answered, and the rest counted when somebody asks. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { FastifyInstance } from 'fastify';
import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Db } from '../storage/database.ts';
import { AGES, countGrants, countOpenApprovals } from '../storage/figures.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';

export interface Metrics {
  /** Counts the answers of an API. */
  watch(app: FastifyInstance): void;
  /** The page that Prometheus reads. */
  page(): Promise<string>;
}

const { TaskQueueType } = proto.temporal.api.enums.v1;
const PATIENCE_MS = 2_000;

export function openMetrics(db: Db, temporal: Client): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'strongroom_http_request_seconds',
    help: 'Time to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.015, 0.05, 0.08, 0.2, 0.5, 1, 5, 20],
    registers,
  });
  countRows(db, registers);
  countQueues(temporal, registers);
  return {
    watch(app) {
      app.addHook('onResponse', async (request, reply) => {
        // The route's pattern, not the path: names of accounts and containers are nobody's metric.
        const route = request.routeOptions.url ?? 'nowhere';
        seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
      });
    },
    page: () => registry.metrics(),
  };
}

function countRows(db: Db, registers: Registry[]): void {
  new Gauge({
    name: 'strongroom_approvals_open',
    help: 'Undecided requests, by how long they have waited at most',
    labelNames: ['age'],
    registers,
    async collect() {
      const counts = await countOpenApprovals(db);
      for (const age of AGES) this.set({ age }, counts.get(age) ?? 0);
    },
  });
  new Gauge({
    name: 'strongroom_grants',
    help: 'Grants by state',
    labelNames: ['state'],
    registers,
    async collect() {
      for (const [state, count] of await countGrants(db)) this.set({ state }, count);
    },
  });
}

const KINDS = [
  ['workflow', TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW],
  ['activity', TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
] as const;

/** `-1` says that Temporal did not answer. */
function countQueues(temporal: Client, registers: Registry[]): void {
  const gauge = (name: string, help: string, figure: (queue: Queue) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['kind'],
      registers,
      async collect() {
        for (const [kind, type] of KINDS) {
          this.set({ kind }, await describeQueue(temporal, type).then(figure, () => -1));
        }
      },
    });
  };
  gauge('strongroom_queue_backlog', "Tasks that wait in the platform's queue", ({ stats }) =>
    Number(stats?.approximateBacklogCount ?? 0),
  );
  gauge(
    'strongroom_queue_pollers',
    "Workers that take tasks from the platform's queue",
    ({ pollers }) => pollers.length,
  );
}

type Queue = Awaited<ReturnType<typeof describeQueue>>;

const describeQueue = (temporal: Client, taskQueueType: proto.temporal.api.enums.v1.TaskQueueType) =>
  temporal.withDeadline(Date.now() + PATIENCE_MS, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: PLATFORM_TASK_QUEUE },
      taskQueueType,
      reportStats: true,
    }),
  );

/** A listener of its own, so that what callers reach and what operators scrape are closed apart. */
export function serveMetrics(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    metrics.page().then(
      (page) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page),
      () => response.writeHead(503).end(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}
