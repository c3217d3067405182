/** The command line: finds the command, runs it, says how it ended. */
import { EXIT } from '../domain/errors.ts';
import type { Command } from './command.ts';
import { findCommand } from './command-index.ts';
import { readCommandLine, readMode } from './command-line.ts';
import { Context } from './context.ts';
import { toFailure } from './failure.ts';
import { commandHelp, groupOverview, overview } from './help.ts';
import { interruption } from './interruption.ts';
import { Output } from './output.ts';
import { watch } from './watch.ts';

const argv = process.argv.slice(2);
const mode = readMode(argv);

// A reader that stops early, like `head`, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
);

try {
  process.exitCode = await run();
} catch (error) {
  const failure = toFailure(error);
  if (process.env['STRONGROOM_LOG_LEVEL'] === 'debug' && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`);
  new Output(mode.json ? 'json' : 'people').failure(failure);
  process.exitCode = failure.kind.exit;
}
// Whatever still holds the process open, a kept connection for one, has nothing left to say.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit();

async function run(): Promise<number> {
  const found = findCommand(argv);
  if (found.kind === 'version') return say({ version: found.version }, `${found.version}\n`);
  if (found.kind === 'overview') {
    const text = found.group === undefined ? overview() : groupOverview(found.group);
    return say({ help: text }, text);
  }
  const command = await found.load();
  if (mode.help) return say({ help: commandHelp(command) }, commandHelp(command));
  return execute(command, found.rest);
}

async function execute(command: Command, rest: readonly string[]): Promise<number> {
  const given = readCommandLine(command, rest);
  const interrupt = interruption();
  const context = new Context(given.common, interrupt.signal);
  const ask = () => interrupt.orEnd(command.run(given, context));
  if (given.watch) return watch(ask, context);
  const outcome = await ask();
  context.output.result(outcome);
  return outcome.exitCode ?? EXIT.ok;
}

function say(data: Readonly<Record<string, unknown>>, text: string): number {
  process.stdout.write(mode.json ? `${JSON.stringify({ ok: true, ...data })}\n` : text);
  return EXIT.ok;
}
