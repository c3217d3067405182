/**
 * Whole submissions under load, while parts of the system are killed and stopped at random; then the witness looks.
 *
 *     node test/faults/random/main.ts [--minutes N] [--submissions N] [--at-once N] [--seed N | --replay FILE]
 *
 * The seed is printed and the list of actions kept, so that a run can be made again. Exits with 1 where the witness has
 * something to say, or something was not finished.
 */
import Docker from 'dockerode';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { giveProbe } from '../../containers/support/probe-image.ts';
import { modelConfig } from '../../stories/container-configs.ts';
import { Harness } from '../support/harness.ts';
import { containerName } from '../support/study.ts';
import { breakParts } from './break-parts.ts';
import { makeSchedule, type Action } from './schedule.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    submissions: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '4' },
    seed: { type: 'string' },
    replay: { type: 'string' },
  },
});
/** Each so manieth submission is a Docker image; the others are functions, which start sooner. */
const IMAGE_EVERY = 5;

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const schedule = values.replay
  ? (JSON.parse(await readFile(values.replay, 'utf8')) as readonly Action[])
  : makeSchedule(seed, Number(values.minutes) * 60);
const kept = path.resolve(`faults-${seed}.json`);
await writeFile(kept, `${JSON.stringify(schedule, null, 1)}\n`);
console.log(`Seed ${seed}: ${schedule.length} actions, kept in ${kept}`);

const docker = new Docker();
const image = await giveProbe(docker, 'random');
const harness = await Harness.open({ report: (line) => console.log(`  ${line}`) });
try {
  const imageConfig = await modelConfig(path.join(harness.cast.folder, 'image-model'), {
    image: image.imageName,
    command: 'linger',
  });
  const [wanted, atOnce] = [Number(values.submissions), Number(values['at-once'])];
  const failures: string[] = [];
  const took: number[] = [];
  let next = 0;
  const submit = async () => {
    for (let index = next++; index < wanted; index = next++) {
      const name = containerName(`model-${index}`);
      const begun = Date.now();
      await harness.study.whole(name, index % IMAGE_EVERY === 0 ? imageConfig : undefined).then(
        () => took.push((Date.now() - begun) / 1000),
        (error: unknown) => failures.push(`${name}: ${inspect(error, { breakLength: Number.POSITIVE_INFINITY })}`),
      );
    }
  };
  const ending = new AbortController();
  const breaking = breakParts(harness, schedule, ending.signal);
  await Promise.all(Array.from({ length: atOnce }, submit));
  ending.abort();
  const done = await breaking;
  await pause(1000);
  const violations = [...failures, ...(await harness.verdict())];
  const sorted = took.sort((left, right) => left - right);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
  console.log(
    `\n${took.length} of ${wanted} submissions whole: p50 ${at(0.5)} s, p95 ${at(0.95)} s, longest ${at(1)} s`,
  );
  console.log(
    `${done.length} parts broken; the longest until work got done again: ${Math.max(0, ...done.map(({ seconds }) => seconds)).toFixed(1)} s`,
  );
  for (const violation of violations) console.log(violation);
  console.log(violations.length === 0 ? 'I1 to I8 hold.' : `${violations.length} violations. Again: --replay ${kept}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await harness.close();
  await docker.getImage(image.imageName).remove({ force: true });
}
