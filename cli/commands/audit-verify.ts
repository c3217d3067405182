import { defineCommand, option, optionalArgument } from '../command.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'audit verify',
  summary: 'Say whether the audit log is whole, also against the head kept earlier',
  examples: ['strongroom audit verify', 'strongroom audit verify audit.jsonl --head audit.jsonl.head'],
  details:
    'Without a file it reads the log of the platform, compares it with the head that this folder kept the last time, and keeps the new one. Exit codes: 0 whole, 3 changed, missing or reordered.',
  arguments: { file: optionalArgument('An export of the log', parsePath) },
  options: { head: option('FILE', 'A signed head that the log must lead through', parsePath) },
  async run({ arguments: { file }, options }, context) {
    const { verifyAuditLog, readAuditLog } = await import('../../client/audit-log.ts');
    const { readAuditFile, readHeadFile } = await import('../audit-file.ts');
    const given = options.head === undefined ? [] : [await readHeadFile(options.head)];
    if (file !== undefined) return outcome(await verifyAuditLog(readAuditFile(file), given), given.length);
    const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
    const kept = await home.auditHead(session);
    const current = await platform.readAuditHead();
    const heads = [...given, ...(kept ? [kept] : []), current];
    const end = await verifyAuditLog(readAuditLog(platform, context.signal), heads);
    await home.saveAuditHead(session, current);
    return outcome(end, heads.length);
  },
});

const outcome = ({ sequence, hash }: { readonly sequence: number; readonly hash: string }, heads: number) => ({
  data: { verified: true, entries: sequence, hash, heads },
  ids: [hash],
  lines: [`The audit log is whole: ${sequence} entries, and ${heads} signed heads that it leads through.`],
});
