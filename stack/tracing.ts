/** Traces by OpenTelemetry, from the API through workflows to activities; off where no collector is named. */
import { createRequire } from 'node:module';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export interface Tracing {
  readonly resource: Resource;
  readonly spanProcessor: SpanProcessor;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** What a workflow bundle needs for traces. It adds headers to commands, and no commands: histories stay as they are. */
export const TRACING_WORKFLOW_MODULE = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
);

/** Registers the tracer of this process. `collector` is the base address of an OTLP receiver, by HTTP. */
export function startTracing(service: string, collector: string | null): Tracing | null {
  if (collector === null) return null;
  const exporter = new OTLPTraceExporter({ url: `${collector.replace(/\/+$/, '')}/v1/traces` });
  const resource = new Resource({ 'service.name': service });
  const spanProcessor = new BatchSpanProcessor(exporter);
  const provider = new NodeTracerProvider({ resource, spanProcessors: [spanProcessor] });
  provider.register();
  return { resource, spanProcessor, stop: () => provider.shutdown() };
}
