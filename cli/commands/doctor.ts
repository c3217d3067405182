import { EXIT } from '../../domain/errors.ts';
import { runChecks } from '../checks.ts';
import { defineCommand } from '../command.ts';
import { table } from '../table.ts';

export const command = defineCommand({
  name: 'doctor',
  summary: 'Check what Strongroom needs, and say how to put it right',
  examples: ['strongroom doctor', 'strongroom doctor --json'],
  details: 'Exits with 1 where a check failed.',
  async run(_given, context) {
    const checks = await runChecks(context);
    const rows = checks.map(({ name, verdict, found, fix }) => [verdict.toUpperCase(), name, found, fix]);
    const failed = checks.filter(({ verdict }) => verdict === 'fail');
    return {
      data: { healthy: failed.length === 0, checks },
      ids: failed.map(({ name }) => name),
      lines: table(['verdict', 'check', 'found', 'to put it right'], rows, 'Nothing was checked.'),
      exitCode: failed.length === 0 ? EXIT.ok : EXIT.failed,
    };
  },
});
