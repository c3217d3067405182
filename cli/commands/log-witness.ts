import { setTimeout as pause } from 'node:timers/promises';
import { StrongroomError } from '../../domain/errors.ts';
import { defineCommand, flag, option } from '../command.ts';
import { parseDuration, parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'log witness',
  summary: 'Watch the transparency log for others, and cosign what leads on from what was seen',
  examples: ['strongroom log witness --every 1m --out /srv/www/checkpoint', 'strongroom log witness --once'],
  details:
    'Run it where the operator of the platform has no say, with an account of its own, and publish the file: it holds ' +
    'sizes and hashes only. Others require it with "strongroom log verify --witness KEY --cosigned FILE|URL", KEY being ' +
    'what this command prints. It runs until Ctrl-C. Exit codes: 0 whole, 3 contradicted: then it cosigns nothing more.',
  options: {
    every: option('TIME', 'How often to look; 1m by default', parseDuration),
    once: flag('Look once'),
    out: option('FILE', "Where the cosigned checkpoint goes; in the witness's own folder by default", parsePath),
  },
  async run({ options: { every = 60, once, out } }, context) {
    const { LogWitness, publishCheckpoint } = await import('../../client/functions/log-witness.ts');
    const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
    const folder = home.witnessFolder(session);
    const witness = await LogWitness.open(folder, `${new URL(session.apiUrl).host}/witness/${session.handle}`);
    const file = out ?? `${folder}/checkpoint`;
    context.output.note(`Witness ${witness.key}\nCosigned checkpoint: ${file}`);
    let entries: number | null = null;
    for (;;) {
      try {
        const { note, size } = await witness.look(platform);
        await publishCheckpoint(file, note);
        if (size !== entries) context.output.note(`${new Date().toISOString()}: ${size} entries, cosigned.`);
        entries = size;
      } catch (error) {
        // A platform that is away has contradicted nothing.
        if (once || !isAway(error)) throw error;
        context.output.note(`${new Date().toISOString()}: the platform does not answer.`);
      }
      if (!once) await pause(every * 1000, undefined, { signal: context.signal }).catch(() => undefined);
      if (once || context.signal.aborted) break;
    }
    return {
      data: { witness: witness.key, file, entries },
      ids: [witness.key],
      lines: [
        entries === null ? 'Nothing was cosigned.' : `The log has ${entries} entries, and is cosigned in ${file}.`,
      ],
    };
  },
});

const isAway = (error: unknown): boolean =>
  error instanceof StrongroomError && ['E_UNAVAILABLE', 'E_TOO_MANY_REQUESTS'].includes(error.code);
