/** A span for each request, in which the spans of its workflows lie. Without a tracer it costs nothing. */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | null;
  }
}

export function traceRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer('strongroom-api');
  app.decorateRequest('span', null);
  app.addHook('onRequest', async (request) => {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = request.routeOptions.url ?? 'nowhere';
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'strongroom.request_id': request.id,
    };
    request.span = tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, caller);
  });
  // After the body is read: reading it would lose the context.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.span) context.with(trace.setSpan(context.active(), request.span), done);
    else done();
  });
  app.addHook('onResponse', async ({ span }, { statusCode }) => {
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  });
}
