import { defineCommand } from '../command.ts';
import { trustStore } from '../enclave.ts';
import { moment, table } from '../table.ts';

export const command = defineCommand({
  name: 'log show',
  summary: 'Show the checkpoint of the transparency log that you keep, and the entries about you',
  examples: ['strongroom log show'],
  details:
    'The log holds every function that was deployed and every key that users have. Where the platform has contradicted ' +
    'it, the checkpoint that did so is shown, too: the two are the evidence.',
  async run(_given, context) {
    const { readLogEntries } = await import('../../client/functions/public-log.ts');
    const { decodeLogEntry } = await import('../../crypto/transparency/log-entry.ts');
    const [store, platform, { handle }] = [
      await trustStore(context),
      await context.platform(),
      await context.session(),
    ];
    const [kept, conflict] = [await store.checkpoint(), await store.conflict()];
    const rows: (readonly string[])[] = [];
    for await (const { index, leaf, at } of readLogEntries(platform, context.signal)) {
      const entry = leaf === null ? null : decodeLogEntry(Buffer.from(leaf, 'base64url'));
      if (!entry) continue;
      const about = entry.kind === 'function' ? entry.owner : entry.user;
      if (about !== handle) continue;
      const what = entry.kind === 'function' ? entry.name : entry.kind === 'user-key' ? 'your key' : 'permission';
      rows.push([String(index), moment(at) ?? '', what, entry.kind === 'user-key' ? entry.keyId : entry.checksum]);
    }
    return {
      data: { kept, conflict, entries: rows },
      ids: rows.map(([index]) => index ?? ''),
      lines: [
        ...(kept
          ? ['Kept:', kept.note.trimEnd(), `Key: ${kept.key}`]
          : ['No checkpoint is kept yet: strongroom log verify']),
        ...(conflict ? ['', 'CONTRADICTED BY:', conflict.note.trimEnd(), `Key: ${conflict.key}`] : []),
        '',
        ...table(['Entry', 'At', 'What', 'Checksum or key'], rows, 'No entries about you.'),
      ],
    };
  },
});
