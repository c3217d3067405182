import { defineCommand, flag } from '../command.ts';
import { trustStore } from '../enclave.ts';

export const command = defineCommand({
  name: 'log verify',
  summary: 'Say whether the transparency log is whole, and leads on from the checkpoint that you kept',
  examples: ['strongroom log verify'],
  details:
    'It asks for the proof that nothing of what you saw was changed or removed, computes the root of all entries anew, ' +
    'looks for your own functions in it, and keeps the new checkpoint. Exit codes: 0 whole, 3 contradicted.',
  options: { accept: flag('Believe the log as it is now, although it contradicts what was kept') },
  async run({ options: { accept } }, context) {
    const { PublicLog } = await import('../../client/functions/public-log.ts');
    const [store, platform] = [await trustStore(context), await context.platform()];
    if (accept) await store.forgetCheckpoint();
    const log = new PublicLog(platform, store);
    const state = await log.advance();
    await log.readAll(state, context.signal);
    const { items } = await platform.listFunctions();
    for (const { owner, name, checksum } of items) await log.requireEntry({ kind: 'function', owner, name, checksum });
    const { size, root, keptSize } = state;
    const before =
      keptSize === null ? 'None was kept before.' : `It leads on from the ${keptSize} entries that you knew.`;
    return {
      data: { verified: true, entries: size, root, kept: keptSize, functions: items.length },
      ids: [root],
      lines: [`The transparency log is whole: ${size} entries, with your ${items.length} functions. ${before}`],
    };
  },
});
