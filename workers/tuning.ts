import type { Context } from '@temporalio/activity';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  makeWorkflowExporter,
} from '@temporalio/interceptors-opentelemetry';
import type { Tracing } from '../stack/tracing.ts';
import { activityFailures } from './activity-failures.ts';
import { activityRequestId } from './log.ts';

/** Where a worker of ours works, and how it writes there. */
export interface WorkerPlace {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly tracing: Tracing | null;
  /** The name that Temporal knows it by; where it is left out, one that a later process may have, too. */
  readonly identity?: string;
}

/** What all of our workers have in common. */
export const workerTuning = ({ tracing, ...place }: WorkerPlace) =>
  ({
    ...place,
    /** Without it activities are cancelled the moment a worker is asked to stop. */
    shutdownGraceTime: '20s',
    /** An activity that does not hear of its cancellation must not hold the process: another attempt takes its work up. */
    shutdownForceTime: '25s',
    /** Progress bars want several heartbeats a second, which a local Temporal bears. */
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    maxConcurrentActivityTaskExecutions: 8,
    maxCachedWorkflows: 100,
    interceptors: { activity: [activityFailures, activityRequestId, ...(tracing ? [traced] : [])] },
    ...(tracing && { sinks: { exporter: makeWorkflowExporter(tracing.spanProcessor, tracing.resource) } }),
  }) as const satisfies Partial<WorkerOptions>;

const traced = (context: Context) => ({
  inbound: new OpenTelemetryActivityInboundInterceptor(context),
  outbound: new OpenTelemetryActivityOutboundInterceptor(context),
});
