/** Whether export and encryption of an image overlap: the whole against its slowest stage. */
import { rm } from 'node:fs/promises';
import { measure } from './measure.ts';
import { median } from './rows.ts';
import type { Call, Tool } from './tools.ts';

export interface Overlap {
  readonly 'export alone s': string;
  readonly 'encrypt alone s': string;
  readonly 'both at once s': string;
  readonly 'times the slowest': string;
}

/** `archive` is what `docker save` gives of `imageName`. */
export async function measureOverlap(tool: Tool, imageName: string, archive: string, rounds: number): Promise<Overlap> {
  const output = `${archive}.sealed`;
  const calls: readonly Call[] = [
    { program: 'docker', args: ['save', imageName] },
    tool.encrypt(archive, output),
    tool.encrypt(`docker:${imageName}`, output),
  ];
  const taken: number[][] = calls.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, call] of calls.entries()) {
      taken[at]?.push((await measure(call)).seconds);
      await rm(output, { force: true });
    }
  }
  const [exporting = 0, encrypting = 0, both = 0] = taken.map(median);
  return {
    'export alone s': exporting.toFixed(2),
    'encrypt alone s': encrypting.toFixed(2),
    'both at once s': both.toFixed(2),
    'times the slowest': (both / Math.max(exporting, encrypting)).toFixed(2),
  };
}
