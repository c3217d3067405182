/** One request, seen from the API through the workflow to the activity: in the trace, and in the logs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { log } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker } from '@temporalio/worker';
import { scopeRequests } from '../../api/request-scope.ts';
import { traceRequests } from '../../api/request-spans.ts';
import { openTemporal } from '../../api/temporal.ts';
import { logOptions } from '../../stack/log.ts';
import { startTracing, type Tracing } from '../../stack/tracing.ts';
import { temporalLogger } from '../../workers/log.ts';
import { workerTuning } from '../../workers/tuning.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { CERTIFY_CERTIFICATE } from '../../workflows/certify-certificate/contract.ts';
import { startTemporal } from '../api/support/temporal.ts';

interface Sent {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

const lines: Record<string, unknown>[] = [];
const sink = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
const spans: Sent[] = [];
let temporal: TestWorkflowEnvironment;
let collector: Server;
let tracing: Tracing;

beforeAll(async () => {
  Runtime.install({ logger: temporalLogger(pino(logOptions('worker', 'info'), sink)) });
  temporal = await startTemporal();
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { scopeSpans: { spans: Sent[] }[] }[];
      };
      spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  tracing = startTracing('strongroom-test', `http://127.0.0.1:${port}`)!;
});
afterAll(async () => {
  await temporal.teardown();
  collector.closeAllConnections();
  collector.close();
});

test('a request, its workflow and its activity are one trace, and every line of their logs names request and workflow', async () => {
  const client = openTemporal({ address: temporal.address, namespace: 'default' }, tracing);
  const loggerInstance: FastifyBaseLogger = pino(logOptions('api', 'info'), sink);
  const app = Fastify({ loggerInstance, genReqId: () => 'request-1' });
  traceRequests(app);
  scopeRequests(app);
  const workflowId = 'certificate/traced';
  app.post('/certify', async () => {
    return client.workflow.execute(CERTIFY_CERTIFICATE, { workflowId, taskQueue: 'traced', args: [{}] });
  });
  const place = { connection: temporal.nativeConnection, namespace: 'default', dataConverter: {}, tracing };
  const worker = await Worker.create({
    ...workerTuning(place),
    taskQueue: 'traced',
    workflowBundle: await workflowBundle('platform', true),
    activities: {
      certifyCertificate: async () => {
        log.info('certified');
        return { certificate: '', fingerprint: 'f', expiresAt: '' };
      },
    },
  });
  await worker.runUntil(async () => {
    const answer = await app.inject({ method: 'POST', url: '/certify', payload: { some: 'body' } });
    expect(answer.statusCode).toBe(200);
    await pause(500);
  });
  await app.close();
  await client.connection.close();
  await tracing.stop();

  const named = (name: string) => spans.find((span) => span.name === name);
  const request = named('POST /certify');
  const path = [
    'StartWorkflow:certifyCertificate',
    'RunWorkflow:certifyCertificate',
    'StartActivity:certifyCertificate',
    'RunActivity:certifyCertificate',
  ];
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(path));
  for (const name of path) expect(named(name)?.traceId).toBe(request?.traceId);
  const parents = new Map(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
  let above: string | undefined = named('RunActivity:certifyCertificate')?.spanId;
  while (above !== undefined && above !== request?.spanId) above = parents.get(above);
  expect(above).toBe(request?.spanId);

  expect(lines).toContainEqual(expect.objectContaining({ msg: 'workflow', reqId: 'request-1', workflowId }));
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'certified', requestId: 'request-1', workflowId }));
});
