/** A container or dataset in a benchmark, as its owner names it, is one association: the latest that was asked for. */
import type { PlatformClient, Schema } from '../client/platform.ts';
import type { AssociationKind } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, ContainerName, DatasetName } from '../domain/ids.ts';
import { everyItem } from '../client/pages.ts';

export interface Subject {
  readonly kind: AssociationKind;
  readonly name: ContainerName | DatasetName;
  readonly benchmark: BenchmarkName;
}

/** Fails with `E_NOT_FOUND` where it was never brought to the benchmark. */
export async function findAssociation(
  platform: PlatformClient,
  { kind, name, benchmark }: Subject,
): Promise<Schema<'Association'>> {
  const query = { benchmark, kind, mine: true };
  const items = await everyItem((page) => platform.listAssociations({ query: { ...query, ...page } }));
  const found = items
    .filter((association) => association.name === name)
    .sort((a, b) => b.requestedAt.localeCompare(a.requestedAt))[0];
  if (found) return found;
  throw new StrongroomError('E_NOT_FOUND', `${name} is not associated with ${benchmark}.`, {
    next: `Run: strongroom ${kind} associate ${name} --benchmark ${benchmark}`,
  });
}
