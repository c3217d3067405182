/**
 * `npm run bench:grants`: how long it takes to give a thousand data owners access: fetch their certificates, check each,
 * wrap and sign, and upload in one request. The platform is the real API on a real Postgres, reached over HTTP.
 *
 *     node bench/grants.ts [--count N] [--rounds N]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { approved, createBenchmark } from '../test/api/support/benchmark.ts';
import { authorisedDataOwner, openAuthority, ownersMachine } from '../test/api/support/data-owners.ts';
import { person } from '../test/api/support/people.ts';
import { startPlatform } from '../test/api/support/platform.ts';

/** What a thousand may take on two processors. */
const TARGET_MS = 4000;

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '3' } },
});
const count = Number(values.count);

const platform = await startPlatform();
try {
  const authority = await openAuthority(platform);
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  await createBenchmark(platform, 'digits', committee);
  const alice = await person(platform, 'alice');
  const association = await approved(platform, alice, 'container', 'model', 'digits');
  const access = { container: 'model', benchmark: 'digits', association };
  await using machine = await ownersMachine(platform, authority, alice, access);
  console.error(`Making ${count} data owners with certificates …`);
  for (let index = 0; index < count; index += 1) {
    await authorisedDataOwner(platform, authority, `owner-${index}`, 'digits');
  }
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    await platform.db.deleteFrom('grants').execute();
    const started = performance.now();
    const { granted } = await machine.grants.autoGrantAccess({ ...machine.subject, only: null, except: [] });
    const elapsed = performance.now() - started;
    if (granted.length !== count) throw new Error(`${granted.length} of ${count} were granted.`);
    const each = (elapsed / count).toFixed(2);
    console.log(`round ${round}: ${count} grants in ${elapsed.toFixed(0)} ms (${each} ms each)`);
  }
  console.log(`${availableParallelism()} processors; the target for 1,000 on 2 is ${TARGET_MS} ms`);
} finally {
  await platform.stop();
}
