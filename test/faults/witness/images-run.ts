/** Notes every image of which a container of ours is started, as Docker Engine tells it. */
import type Docker from 'dockerode';
import { Readable } from 'node:stream';
import { RUN_LABEL } from '../../../containers/own-names.ts';

export interface ImagesRun extends Disposable {
  readonly seen: ReadonlySet<string>;
}

interface EngineEvent {
  readonly Actor?: { readonly Attributes?: { readonly image?: string } };
}

export async function watchImagesRun(docker: Docker): Promise<ImagesRun> {
  const seen = new Set<string>();
  const wanted: Docker.GetEventsOptions = { filters: { type: ['container'], event: ['start'], label: [RUN_LABEL] } };
  const events: unknown = await docker.getEvents(wanted);
  if (!(events instanceof Readable)) throw new Error('Docker Engine gives no stream of events.');
  // The engine is stopped in some scenes: then it starts nothing, and there is nothing to note.
  events.on('error', () => undefined);
  events.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n').filter(Boolean)) {
      const image = (JSON.parse(line) as EngineEvent).Actor?.Attributes?.image;
      if (image !== undefined) seen.add(image);
    }
  });
  return { seen, [Symbol.dispose]: () => events.destroy() };
}
