import { argument, defineCommand } from '../command.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'audit export',
  summary: 'Write the audit log and its signed head to files',
  examples: ['strongroom audit export audit.jsonl'],
  details: 'One entry a line, and the head beside it as FILE.head. Check them anywhere: strongroom audit verify FILE.',
  arguments: { file: argument('Where to write the entries', parsePath) },
  async run({ arguments: { file } }, context) {
    const { createWriteStream } = await import('node:fs');
    const { writeFile } = await import('node:fs/promises');
    const { pipeline } = await import('node:stream/promises');
    const { readAuditLog } = await import('../../client/audit-log.ts');
    const platform = await context.platform();
    // The head first: entries that come meanwhile follow it.
    const head = await platform.readAuditHead();
    let count = 0;
    await pipeline(async function* () {
      for await (const entry of readAuditLog(platform, context.signal)) {
        count += 1;
        yield `${JSON.stringify(entry)}\n`;
      }
    }, createWriteStream(file));
    await writeFile(`${file}.head`, `${JSON.stringify(head)}\n`);
    return { data: { file, entries: count }, ids: [file], lines: [`${count} entries in ${file}, the head beside it.`] };
  },
});
