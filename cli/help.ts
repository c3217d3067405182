/** Help texts: an example first, then what can be given. */
import type { Command } from './command.ts';
import { COMMAND_INDEX } from './command-index.ts';
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

/** Who the commands are for, by their first words. */
const CHAPTERS: readonly (readonly [string, readonly string[]])[] = [
  [
    'Your account',
    ['signup', 'verify', 'verification', 'password', 'login', 'logout', 'session', 'whoami', 'token', 'webhook'],
  ],
  ['A benchmark and its committee', ['benchmark', 'member', 'invitation', 'review']],
  ['A model owner', ['certificate', 'container', 'access']],
  ['A data owner', ['dataset', 'run']],
  ['Confidential inference', ['function', 'encrypt', 'job', 'attestation', 'log', 'sealing-key', 'enclave']],
  ['Archives by themselves', ['archive']],
  ['Your work in the background', ['workflow', 'agent', 'completion']],
  [
    'The platform and its operator',
    ['up', 'down', 'dev', 'status', 'doctor', 'config', 'backup', 'restore', 'payload-key', 'audit'],
  ],
];

/** All commands, by whom they are for. */
export function overview(): string {
  const chapters = CHAPTERS.map(([title, words]) => ({ title, listed: words.flatMap(commandsOf) }));
  const width = widest(chapters.flatMap(({ listed }) => listed));
  return page(
    '  $ strongroom container submit container_config.yaml --name digits-model',
    'Strongroom moves a sealed model from its owner to the people who may run it.',
    ...chapters.map(({ title, listed }) => section(title, rows(listed, width))),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
    'Each command has its own --help, and so has each group, such as container.',
  );
}

/** The commands of one group such as `container`. */
export function groupOverview(group: string): string {
  const listed = commandsOf(group);
  return page(
    `  $ strongroom ${listed[0]?.[0] ?? group} --help`,
    section('Commands', rows(listed)),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
  );
}

const commandsOf = (word: string): Row[] =>
  COMMAND_INDEX.filter(({ name }) => name.split(' ')[0] === word).map(({ name, summary }) => [name, summary]);

function optionRows(options: Command['options'] & object): string[] {
  return rows(
    Object.entries(options).map(([name, spec]): Row => {
      const takes = spec.takes === null ? '' : ` ${spec.takes}`;
      return [`--${name}${takes}${spec.repeatable ? ' …' : ''}`, spec.summary];
    }),
  );
}

const widest = (pairs: readonly Row[]): number => Math.max(0, ...pairs.map(([name]) => name.length));

function rows(pairs: readonly Row[], width = widest(pairs)): string[] {
  return pairs.map(([name, summary]) => `  ${name.padEnd(width + 2)}${summary}`);
}

const section = (title: string, lines: readonly string[]): string | undefined =>
  lines.length === 0 ? undefined : `${title}\n${lines.join('\n')}`;

const page = (...parts: readonly (string | undefined)[]): string =>
  `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
