import { argument, defineCommand } from '../command.ts';
import { platformConfiguration } from '../platform.ts';
import { moment } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'restore',
  summary: 'Make the data folder of the platform out of a backup',
  examples: ['strongroom restore /backups/2026-11-24'],
  details: 'The data folder (STRONGROOM_DATA) must be empty. Every file is checked; start the platform afterwards.',
  arguments: { folder: argument('The backup', parsePath) },
  async run({ arguments: { folder } }, context) {
    const { dataFolder } = await platformConfiguration();
    const { restoreBackup } = await import('../../stack/backup/restore-backup.ts');
    const { takenAt, entries } = await restoreBackup({ backup: folder, dataFolder, signal: context.signal });
    return {
      data: { dataFolder, takenAt, entries: entries.length },
      ids: [dataFolder],
      lines: [`${dataFolder} is as it was at ${moment(takenAt) ?? takenAt}.`, 'Start it: strongroom up'],
    };
  },
});
