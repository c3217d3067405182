/**
 * `npm run test:every-bit`: flips each single bit of an archive of 64 KiB, in each format, and reads it (quality.md C1).
 * A million readings take longer than a test may, so `npm test` tries every bit of both ends and one in 512 between.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FORMATS, flipped, sealed, verdictOn } from './support/sample.ts';

const SAMPLE_BYTES = 2 ** 16;

interface Share {
  readonly archive: Uint8Array;
  /** This thread flips the bits `first`, `first + step`, … */
  readonly first: number;
  readonly step: number;
}
type Verdicts = ReadonlyMap<string, number>;

async function verdictsOn({ archive, first, step }: Share): Promise<Verdicts> {
  const verdicts = new Map<string, number>();
  for (let bit = first; bit < archive.length * 8; bit += step) {
    const verdict = await verdictOn(flipped(Buffer.from(archive), bit));
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  return verdicts;
}

const onThread = (share: Share): Promise<Verdicts> =>
  new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { workerData: share }).once('message', resolve).once('error', reject);
  });

async function main(): Promise<void> {
  const step = availableParallelism();
  for (const format of FORMATS) {
    const archive = await sealed(randomBytes(SAMPLE_BYTES), format);
    const shares = Array.from({ length: step }, (_, first) => onThread({ archive, first, step }));
    const verdicts = new Map<string, number>();
    for (const share of await Promise.all(shares)) {
      for (const [verdict, count] of share) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + count);
    }
    console.log(`${format}: ${archive.length * 8} bits flipped`, Object.fromEntries(verdicts));
    if (verdicts.has('accepted')) process.exitCode = 1;
  }
}

if (isMainThread) await main();
else parentPort?.postMessage(await verdictsOn(workerData as Share));
