/** The platform's event stream: what concerns the caller, as it happens. */
import { checkIds } from './answer-ids.ts';
import { ROUTES } from './openapi.routes.ts';
import { toStrongroomError, unreachable } from './platform-failure.ts';
import type { PlatformClient, Schema } from './platform.ts';

export type PlatformEvent = Schema<'Event'>;
export type WorkflowProgress = Schema<'WorkflowProgress'>;

export interface EventStreamOptions {
  /** The id of the last event that was dealt with: the stream goes on after it. `null` begins now. */
  readonly after: string | null;
  readonly signal: AbortSignal;
}

/** The platform says something every 15 s, if only that it is still there. */
const SILENCE_MS = 45_000;
const EVENT_MAX_CHARACTERS = 64 * 1024;

/**
 * One connection's events, until the platform ends it. Whoever wants more connects again after the last event it dealt
 * with, and loses none. Fails like a call does, with `E_UNAVAILABLE` for a connection that broke or fell silent, and
 * with the signal's reason once that is aborted.
 */
export const streamEvents = (platform: PlatformClient, options: EventStreamOptions): AsyncGenerator<PlatformEvent> =>
  stream(platform, 'streamEvents', ROUTES.streamEvents.path, options) as AsyncGenerator<PlatformEvent>;

/** How a workflow of the platform goes, until it ends: `review/ID` or `function/ID`. Fails as `streamEvents` does. */
export const streamWorkflow = (
  platform: PlatformClient,
  workflow: { readonly kind: 'review' | 'function'; readonly id: string },
  options: EventStreamOptions,
): AsyncGenerator<WorkflowProgress> => {
  const path = ROUTES.streamWorkflow.path
    .replace('{kind}', workflow.kind)
    .replace('{id}', encodeURIComponent(workflow.id));
  return stream(platform, 'streamWorkflow', path, options) as AsyncGenerator<WorkflowProgress>;
};

async function* stream(
  platform: PlatformClient,
  operation: 'streamEvents' | 'streamWorkflow',
  path: string,
  options: EventStreamOptions,
): AsyncGenerator {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error('It fell silent.'));
  }, SILENCE_MS);
  try {
    const url = `${platform.baseUrl}${path}`;
    const answer = await fetch(url, {
      headers: { ...platform.headersFor(url), ...(options.after !== null && { 'last-event-id': options.after }) },
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    if (!answer.ok) throw toStrongroomError(await answer.json().catch(() => null), answer, platform.baseUrl);
    for await (const text of blocksOf(answer.body, () => timer.refresh())) {
      const event = toEvent(text);
      if (event === null) continue;
      checkIds(event, ROUTES[operation].ids);
      yield event;
    }
  } catch (error) {
    options.signal.throwIfAborted();
    if (isOurs(error)) throw error;
    throw unreachable(platform.baseUrl, error);
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

const isOurs = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && 'kind' in error;

/** The stream cut at its empty lines. */
async function* blocksOf(body: Response['body'], onBytes: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const bytes of body ?? []) {
    onBytes();
    pending += decoder.decode(bytes as Uint8Array, { stream: true });
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    if (pending.length > EVENT_MAX_CHARACTERS) throw new Error('An event is too long.');
    yield* blocks;
  }
}

/** Comments have no data; an event of ours has it on one line. */
function toEvent(block: string): unknown {
  const data = block.split('\n').find((line) => line.startsWith('data: '));
  return data === undefined ? null : (JSON.parse(data.slice('data: '.length)) as unknown);
}
