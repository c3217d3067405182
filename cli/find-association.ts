/** A container in a benchmark, as its owner names it, is one association: the latest that was asked for. */
import type { PlatformClient, Schema } from '../client/platform.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, ContainerName } from '../domain/ids.ts';

/** Fails with `E_NOT_FOUND` where the container was never submitted to the benchmark. */
export async function findAssociation(
  platform: PlatformClient,
  name: ContainerName,
  benchmark: BenchmarkName,
): Promise<Schema<'Association'>> {
  const { items } = await platform.listAssociations({ query: { benchmark, kind: 'container', mine: true } });
  const found = items
    .filter((association) => association.name === name)
    .sort((a, b) => b.requestedAt.localeCompare(a.requestedAt))[0];
  if (found) return found;
  throw new StrongroomError('E_NOT_FOUND', `${name} is not associated with ${benchmark}.`, {
    next: `Run: strongroom container associate ${name} --benchmark ${benchmark}`,
  });
}
