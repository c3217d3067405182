/** Secrets (I5): no key, token, passphrase or plaintext lies anywhere but in its own file. */
import type Docker from 'dockerode';
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

/** Files, tables and containers of a scene whose platform and homes lie in `folder`; `more` are other places. */
export async function secretsAtLarge(
  folder: string,
  platformFolder: string,
  docker: Docker,
  more: AsyncIterable<Place>,
): Promise<string[]> {
  const canaries = await secretsOf(folder);
  const places = [filesBelow(folder), tablesOf(platformFolder), inspectionsOf(docker), more];
  const found: string[] = [];
  for (const place of places) found.push(...(await secretsOutside(canaries, place)));
  return found;
}

/** What Docker tells of our containers to whoever asks. */
export async function* inspectionsOf(docker: Docker): AsyncGenerator<Place> {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } })) {
    yield [`docker inspect ${Id}`, Buffer.from(JSON.stringify(await docker.getContainer(Id).inspect()))];
  }
}
