/** Locks that order requests to a benchmark and changes of its committee and rules. */
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName } from '../domain/ids.ts';
import type { Trx } from './database.ts';

/** For a change: requests to the benchmark wait for it. Fails with `E_NOT_FOUND`. */
export async function lockBenchmark(trx: Trx, name: BenchmarkName) {
  const row = await trx
    .selectFrom('benchmarks')
    .select(['quorum', 'ownerId', 'closedAt'])
    .where('name', '=', name)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row) return row;
  throw new StrongroomError('E_NOT_FOUND', `There is no benchmark ${name}.`, {
    next: 'List them: strongroom benchmark list',
  });
}

/** For a request: committee and rules stay as they are until it is made; other requests do not wait. */
export async function holdBenchmark(trx: Trx, name: BenchmarkName): Promise<void> {
  await trx.selectFrom('benchmarks').select('name').where('name', '=', name).forShare().execute();
}
