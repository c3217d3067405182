/**
 * A steady load for a while, and how memory, open files and disk grow meanwhile.
 *
 *     node test/faults/soak.ts [--minutes N] [--every SECONDS]
 */
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Harness, type Part } from './support/harness.ts';
import { containerName } from './support/study.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, every: { type: 'string', default: '10' } },
});
const PARTS: readonly Part[] = ['api', 'worker', 'postgres', 'temporal', 'enclave', 'attestor', 'broker', 'agent'];
const SAMPLES = 30;

interface Sample {
  readonly hours: number;
  readonly what: string;
  readonly value: number;
}

async function sample(harness: Harness, hours: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const part of PARTS) {
    const pid = await harness.pidOf(part);
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const memory = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    samples.push({ hours, what: `memory of ${part}, MiB`, value: memory });
    samples.push({ hours, what: `open files of ${part}`, value: (await readdir(`/proc/${pid}/fd`)).length });
  }
  for (const name of ['.', 'platform/blobs', 'platform/postgres', 'platform/temporal', 'platform/logs', 'olga']) {
    const [kib] = execFileSync('du', ['-sk', path.join(harness.cast.folder, name)], { encoding: 'utf8' }).split('\t');
    samples.push({ hours, what: `disk below ${name}, MiB`, value: Number(kib) / 1024 });
  }
  return samples;
}

/** Of the line that lies closest to the points, by least squares. */
function slopeOf(points: readonly Sample[]): number {
  const mean = (of: (point: Sample) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [hours, value] = [mean((point) => point.hours), mean((point) => point.value)];
  const along = points.reduce((sum, point) => sum + (point.hours - hours) ** 2, 0);
  return points.reduce((sum, point) => sum + (point.hours - hours) * (point.value - value), 0) / (along || 1);
}

const harness = await Harness.open();
try {
  const seconds = Number(values.minutes) * 60;
  const begun = Date.now();
  const since = () => (Date.now() - begun) / 1000;
  const samples: Sample[] = [];
  const sampling = (async () => {
    while (since() < seconds) {
      samples.push(...(await sample(harness, since() / 3600)));
      await pause((seconds / SAMPLES) * 1000);
    }
  })();
  let count = 0;
  const work: Promise<void>[] = [];
  while (since() < seconds) {
    work.push(harness.study.whole(containerName(`soak-${count++}`)));
    await pause(Number(values.every) * 1000);
  }
  await Promise.all([...work, sampling]);
  // What a process takes as it becomes warm is no growth.
  const warm = samples.filter(({ hours }) => hours * 3600 > seconds / 4);
  const whats = [...new Set(warm.map(({ what }) => what))];
  console.log(`${count} submissions in ${Math.round(since())} s`);
  console.table(
    whats.map((what) => {
      const points = warm.filter((one) => one.what === what);
      const last = points.at(-1)?.value ?? 0;
      return { what, last: Math.round(last * 10) / 10, 'growth an hour': Math.round(slopeOf(points) * 10) / 10 };
    }),
  );
  for (const violation of await harness.verdict()) {
    console.log(violation);
    process.exitCode = 1;
  }
} finally {
  await harness.close();
}
