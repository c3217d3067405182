/**
 * Flips each bit of a 64 KiB archive in either format, 524,288 and more cases each: takes minutes, so it is run by hand.
 *
 *     node test/crypto/support/every-bit.ts
 */
import { randomBytes } from 'node:crypto';
import { FORMATS, flipped, sealed, verdictOn } from './sample.ts';

for (const format of FORMATS) {
  const archive = await sealed(randomBytes(65_536), format);
  const verdicts: Record<string, number> = {};
  for (let bit = 0; bit < archive.length * 8; bit += 1) {
    const verdict = await verdictOn(flipped(archive, bit));
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  console.log(format, verdicts);
  if (verdicts['accepted']) process.exitCode = 1;
}
