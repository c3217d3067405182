import { defineCommand, flag, option } from '../command.ts';
import { usage } from '../usage.ts';
import { trustStore } from '../enclave.ts';
import { moment } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'log verify',
  summary: 'Say whether the transparency log is whole, and leads on from the checkpoint that you kept',
  examples: [
    'strongroom log verify',
    'strongroom log verify --witness KEY --cosigned https://witness.example.org/checkpoint',
  ],
  details:
    'It asks for the proof that nothing of what you saw was changed or removed, computes the root of all entries anew, ' +
    'looks for your own functions in it, and keeps the new checkpoint. A witness (strongroom log witness) is required from ' +
    'then on: functions and keys are believed for the first time only once it has seen them. Exit codes: 0 whole, 3 ' +
    'contradicted, or not witnessed.',
  options: {
    accept: flag('Believe the log as it is now, although it contradicts what was kept'),
    witness: option('KEY', 'Require this witness from now on: NAME+HASH+KEY, as who runs it tells you', parseWitness),
    cosigned: option('FILE|URL', 'Where the witness publishes the checkpoint that it cosigned', parsePlace),
    'forget-witness': option('KEY', 'Require this witness no longer', parseWitness),
  },
  async run({ options }, context) {
    const { accept, witness, cosigned, 'forget-witness': forget } = options;
    if ((witness === undefined) !== (cosigned === undefined)) {
      throw usage('A witness and where it publishes go together.', 'Give both --witness KEY and --cosigned FILE|URL.');
    }
    const { PublicLog } = await import('../../client/functions/public-log.ts');
    const [store, platform] = [await trustStore(context), await context.platform()];
    if (accept) await store.forgetCheckpoint();
    if (forget !== undefined) await store.forgetWitness(forget);
    if (witness !== undefined && cosigned !== undefined) await store.holdWitness({ key: witness, place: cosigned });
    const log = new PublicLog(platform, store);
    const state = await log.advance();
    await log.readAll(state, context.signal);
    const witnesses = await log.witnessed();
    const { items } = await platform.listFunctions();
    for (const { owner, name, checksum } of items) await log.requireEntry({ kind: 'function', owner, name, checksum });
    const { size, root, keptSize } = state;
    const before =
      keptSize === null ? 'None was kept before.' : `It leads on from the ${keptSize} entries that you knew.`;
    return {
      data: { verified: true, entries: size, root, kept: keptSize, functions: items.length, witnesses },
      ids: [root],
      lines: [
        `The transparency log is whole: ${size} entries, with your ${items.length} functions. ${before}`,
        ...witnesses.map((each) => `${each.name} has seen ${each.size} of them, at ${moment(each.at) ?? each.at}.`),
      ],
    };
  },
});

function parseWitness(text: string): string {
  if (/^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/.test(text)) return text;
  throw usage(`${JSON.stringify(text)} is not the key of a witness.`, 'Write NAME+HASH+KEY, as the witness prints it.');
}

function parsePlace(text: string): string {
  return /^https?:\/\//.test(text) ? text : parsePath(text);
}
