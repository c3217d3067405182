/** Help texts: an example first, then what can be given. */
import type { Command } from './command.ts';
import { COMMAND_INDEX, groups } from './command-index.ts';
import { COMMON_OPTIONS, optionsOf } from './command-line.ts';

type Row = readonly [string, string];

export function commandHelp(command: Command): string {
  const args = Object.entries(command.arguments ?? {});
  const words = args.map(([name, { optional }]) => (optional ? `[${name.toUpperCase()}]` : name.toUpperCase()));
  const usage = ['strongroom', command.name, ...words, '[options]'].join(' ');
  return page(
    command.examples.map((example) => `  $ ${example}`).join('\n'),
    `${command.summary}.`,
    section('Usage', [`  ${usage}`]),
    section('Arguments', rows(args.map(([name, { summary }]) => [name.toUpperCase(), summary]))),
    section('Options', optionRows(optionsOf(command))),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
    command.details,
  );
}

/** All commands, or those of one group such as `container`. */
export function overview(group?: string): string {
  const listed = COMMAND_INDEX.filter(({ name }) => group === undefined || name.split(' ')[0] === group);
  const examples =
    group === undefined
      ? ['strongroom container submit container_config.yaml --name digits-model']
      : [`strongroom ${listed[0]?.name ?? group} --help`];
  return page(
    examples.map((example) => `  $ ${example}`).join('\n'),
    group === undefined ? 'Strongroom moves a sealed model from its owner to the people who may run it.' : undefined,
    section('Commands', rows(listed.map(({ name, summary }): Row => [name, summary]))),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
    group === undefined ? `Groups: ${groups().join(', ')}. Each command has its own --help.` : undefined,
  );
}

function optionRows(options: Command['options'] & object): string[] {
  return rows(
    Object.entries(options).map(([name, spec]): Row => {
      const takes = spec.takes === null ? '' : ` ${spec.takes}`;
      return [`--${name}${takes}${spec.repeatable ? ' …' : ''}`, spec.summary];
    }),
  );
}

function rows(pairs: readonly Row[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, summary]) => `  ${name.padEnd(width + 2)}${summary}`);
}

const section = (title: string, lines: readonly string[]): string | undefined =>
  lines.length === 0 ? undefined : `${title}\n${lines.join('\n')}`;

const page = (...parts: readonly (string | undefined)[]): string =>
  `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
