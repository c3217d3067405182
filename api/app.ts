/** The API as a Fastify instance: ready to be asked by `inject` in tests, or to listen in `api/server.ts`. */
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import reference from '@scalar/fastify-api-reference';
import Fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import { openAuthentication } from './authentication.ts';
import { openSignIns } from './sign-ins.ts';
import { namedSchemas } from './contract/all.ts';
import type { ApiDependencies } from './dependencies.ts';
import { collectOpenApi } from './openapi-document.ts';
import { rememberAnswers } from './idempotency.ts';
import { answerClientError, HEADERS_TIMEOUT_MS, MAX_HEADER_BYTES } from './client-errors.ts';
import { refuseOtherMethods } from './methods.ts';
import { guardRoutes } from './permission-gate.ts';
import { openPlatformWorkflows } from './platform-workflows.ts';
import { answerProblems, answerUnreadableAddress } from './problems.ts';
import { scopeRequests } from './request-scope.ts';
import { traceRequests } from './request-spans.ts';
import { limitBodyTime } from './body-time.ts';
import { limitRequests, REMEMBERED } from './rate-limits.ts';
import { accountRoutes, ownAccountRoutes } from './routes/accounts.ts';
import { associationRoutes, reviewRoutes } from './routes/associations.ts';
import { auditRoutes } from './routes/audit.ts';
import { blobRoutes } from './routes/blobs.ts';
import { certificateRoutes } from './routes/certificates.ts';
import { committeeRoutes, invitationRoutes } from './routes/committees.ts';
import { deviceLoginRoutes } from './routes/device-logins.ts';
import { eventRoutes } from './routes/events.ts';
import { functionRoutes } from './routes/functions.ts';
import { grantRoutes } from './routes/grants.ts';
import { keyRotationRoutes } from './routes/key-rotation.ts';
import { healthRoutes } from './routes/health.ts';
import { operationsRoutes } from './routes/operations.ts';
import { jobRoutes } from './routes/jobs.ts';
import { logRoutes } from './routes/log.ts';
import { benchmarkRoutes, containerRoutes, datasetRoutes } from './routes/registrations.ts';
import { resultRoutes } from './routes/results.ts';
import { signInRoutes } from './routes/sign-ins.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { serializersOnDemand } from './serializers.ts';
import { serveStreams } from './server-sent-events.ts';
import { workflowRoutes } from './routes/workflows.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import type { App, Services } from './services.ts';

/** Enough for a config of 64 KiB in JSON; routes that take more say so. */
const BODY_LIMIT = 256 * 1024;

const ROUTES = [
  accountRoutes,
  ownAccountRoutes,
  deviceLoginRoutes,
  signInRoutes,
  certificateRoutes,
  benchmarkRoutes,
  committeeRoutes,
  invitationRoutes,
  containerRoutes,
  datasetRoutes,
  associationRoutes,
  reviewRoutes,
  grantRoutes,
  keyRotationRoutes,
  resultRoutes,
  blobRoutes,
  webhookRoutes,
  auditRoutes,
  uploadRoutes,
  functionRoutes,
  jobRoutes,
  logRoutes,
];

/** Builds the API. It connects to nothing until it is asked. */
export async function buildApi(dependencies: ApiDependencies): Promise<App> {
  const app = openFastify(dependencies);
  const authentication = openAuthentication(dependencies);
  const signIns = openSignIns(dependencies);
  app.addHook('onClose', async () => {
    await Promise.all([authentication.mailsSent(), signIns?.mailsSent()]);
  });
  const workflows = openPlatformWorkflows(dependencies.temporal, dependencies.db, dependencies.settings.publicUrl);
  const services: Services = { ...dependencies, authentication, signIns, workflows };

  dependencies.metrics?.watch(app);
  traceRequests(app);
  scopeRequests(app);
  answerProblems(app);
  refuseOtherMethods(app);
  await app.register(rateLimit, { global: false, cache: REMEMBERED });
  const { operators } = dependencies.settings;
  const limits = limitRequests(app, dependencies.settings);
  guardRoutes(app, { authentication, db: dependencies.db, operators, limits });
  limitBodyTime(app);
  const { db, process, settings } = dependencies;
  rememberAnswers(app, { db, process, secret: settings.authenticationSecret });
  await collectOpenApi(app);
  for (const schema of namedSchemas) app.addSchema(schema);
  await sessionRoutes(app, services);
  for (const routes of ROUTES) routes(app, services);
  const openStream = serveStreams(app, services);
  eventRoutes(app, services, openStream);
  workflowRoutes(app, services.db, dependencies.temporal, openStream);
  operationsRoutes(app, services, dependencies.temporal);
  healthRoutes(app, dependencies.db, dependencies.temporal);
  await documentation(app);
  await app.ready();
  return app;
}

function openFastify({ settings, logger }: ApiDependencies): App {
  const app = Fastify({
    ...(logger === false ? { logger } : { loggerInstance: logger }),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT,
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerUnreadableAddress,
    // As much as an address can have: the schemas say what is too long.
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    schemaController: { compilersFactory: { buildSerializer: serializersOnDemand() } },
    trustProxy: settings.trustProxy,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // What a request holds is taken as it is, or refused: nothing is converted, dropped or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.removeContentTypeParser('text/plain');
  app.addHook('onSend', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  });
  return app;
}

async function documentation(app: App): Promise<void> {
  const open = { schema: { hide: true }, config: { operation: 'readDocumentation' as const } };
  app.get('/openapi.json', open, async () => app.swagger());
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, operation: 'readDocumentation' };
    });
    await docs.register(reference, {
      routePrefix: '/docs',
      configuration: { url: '/openapi.json', telemetry: false, withDefaultFonts: false },
    });
  });
}
