/** Secrets (I5): no key, token, passphrase or plaintext lies anywhere but in its own file. */
import type Docker from 'dockerode';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { RUN_LABEL } from '../../../containers/own-names.ts';
import { filesBelow, tablesOf, type Place } from '../../stories/demo-places.ts';
import { secretsOf } from '../../stories/demo-secrets.ts';
import { CanarySearch, type Canary } from '../../support/canaries.ts';

export async function secretsOutside(
  canaries: readonly Canary[],
  places: Iterable<Place> | AsyncIterable<Place>,
): Promise<string[]> {
  const search = new CanarySearch(canaries);
  const found: string[] = [];
  for await (const [place, content] of places) {
    for (const { canary, form } of search.tracesIn(content, place)) found.push(`${canary} lies in ${place} (${form})`);
  }
  return found;
}

/**
 * Files, tables and containers of a scene whose platform and homes lie in `folder`; `more` are other places. What the
 * servers keep is read as they tell it, not in their own files: those the demo's test looks through.
 */
export async function secretsAtLarge(
  folder: string,
  platformFolder: string,
  docker: Docker,
  more: AsyncIterable<Place>,
): Promise<string[]> {
  const canaries = await secretsOf(folder);
  const places = [filesOf(folder, platformFolder), tablesOf(platformFolder), inspectionsOf(docker), more];
  const found: string[] = [];
  for (const place of places) found.push(...(await secretsOutside(canaries, place)));
  return found;
}

const OF_SERVERS = ['postgres', 'temporal'];

async function* filesOf(folder: string, platformFolder: string): AsyncGenerator<Place> {
  for (const [above, left] of [
    [folder, [path.basename(platformFolder)]],
    [platformFolder, OF_SERVERS],
  ] as const) {
    const entries = await readdir(above, { withFileTypes: true });
    for (const entry of entries.filter((found) => found.isDirectory() && !left.includes(found.name))) {
      yield* filesBelow(path.join(above, entry.name));
    }
  }
}

/** What Docker tells of our containers to whoever asks. */
export async function* inspectionsOf(docker: Docker): AsyncGenerator<Place> {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } })) {
    yield [`docker inspect ${Id}`, Buffer.from(JSON.stringify(await docker.getContainer(Id).inspect()))];
  }
}
