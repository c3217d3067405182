import { StrongroomError } from '../../domain/errors.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { argument, defineCommand } from '../command.ts';
import { readPlatformState } from '../platform-state.ts';
import { platformConfiguration, startPlatform, stopPlatform } from '../platform.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'backup',
  summary: "Copy all that the platform on this machine keeps: its database, its work and everybody's uploads",
  examples: ['strongroom backup /backups/2026-11-24'],
  details:
    'A platform that runs is stopped for the copy of the database, and started again: work under way goes on afterwards. ' +
    "The certificate authority's key is in the backup: lock it away. A key ring for payloads is not.",
  arguments: { folder: argument('A folder that is not there yet', parsePath) },
  async run({ arguments: { folder } }, context) {
    const { dataFolder, databaseUrl, temporalAddress } = await platformConfiguration();
    if (databaseUrl !== null || temporalAddress !== null) {
      throw new StrongroomError('E_CONFIG', 'Only the embedded database and Temporal are backed up.', {
        why: 'DATABASE_URL or TEMPORAL_ADDRESS is set: what they name has means of its own.',
        next: 'See "Backup" in docs/operations.md.',
      });
    }
    const running = await readPlatformState(dataFolder);
    const { takeBackup } = await import('../../stack/backup/take-backup.ts');
    const toRest = async () => {
      if (running === null) return;
      context.output.note('The platform is stopped for the copy …');
      await stopPlatform(dataFolder);
    };
    try {
      const backup = await takeBackup({ dataFolder, target: folder, toRest, signal: context.signal });
      const size = formatBytes(backup.bytes);
      return { data: { backup }, ids: [folder], lines: [`${folder} has ${backup.files} files, ${size}.`] };
    } finally {
      if (running !== null && (await readPlatformState(dataFolder)) === null) {
        await startPlatform(dataFolder, () => undefined, new AbortController().signal);
        context.output.note('The platform runs again.');
      }
    }
  },
});
