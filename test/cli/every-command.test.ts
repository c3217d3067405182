import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COMMAND_INDEX } from '../../cli/command-index.ts';
import type { Command } from '../../cli/command.ts';
import { failureIn, strongroom, testFolder } from './support.ts';

const names = COMMAND_INDEX.map(({ name }) => name);
const fileOf = (name: string) => `${name.replaceAll(' ', '-')}.ts`;
const load = async (name: string) =>
  ((await import(`../../cli/commands/${fileOf(name)}`)) as { command: Command }).command;

test('every file in the folder of commands is a command of the index', () => {
  const folder = new URL('../../cli/commands', import.meta.url);
  expect(readdirSync(folder).sort()).toEqual(names.map(fileOf).sort());
});

describe.each(names)('%s', (name) => {
  test('says in the index what it says itself, and shows itself in its examples', async () => {
    const command = await load(name);
    const listed = COMMAND_INDEX.find((candidate) => candidate.name === name);
    expect({ name: command.name, summary: command.summary }).toEqual(listed);
    for (const example of command.examples) expect(example).toContain(`strongroom ${name}`);
  });

  test('has a help that begins with an example', async () => {
    const ran = await strongroom([...name.split(' '), '--help']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.split('\n')[0]).toMatch(/^ {2}\$ .*strongroom /);
    expect(ran.stdout).toContain(`Usage\n  strongroom ${name}`);
  });

  test('answers a mistake in JSON, exits with 2 and names the option that was meant', async () => {
    await using home = await testFolder();
    const ran = await strongroom([...name.split(' '), '--json', '--hom', home.path]);
    expect(ran.code).toBe(2);
    expect(failureIn(ran)).toMatchObject({ code: 'E_USAGE', next: expect.stringContaining('"--home"') });
  });

  // These two start the platform; cli/platform.test.ts does that once.
  const ending = ['up', 'dev'].includes(name) ? test.skip : test;
  ending('ends by itself where stdin is closed and nobody is logged in', async () => {
    await using home = await testFolder();
    const ran = await strongroom(
      [...name.split(' '), '--json', '--home', home.path, ...(await someValues(name, home.path))],
      {
        cwd: home.path,
        env: { STRONGROOM_DATA: home.in('platform'), XDG_DATA_HOME: home.path },
      },
    );
    const { ok, error } = JSON.parse(ran.stdout) as { ok: boolean; error?: { code: string } };
    // A doctor that finds something bad has done its work.
    expect(ran.code === 0 || name === 'doctor').toBe(ok);
    expect(error?.code).not.toBe('E_INTERNAL');
  });
});

/** A value for each argument and each option that must be given. */
async function someValues(name: string, folder: string): Promise<string[]> {
  const command = await load(name);
  const options = Object.entries(command.options ?? {}).filter(([, { summary }]) => summary.endsWith('(required)'));
  const valueFor = (word: string) =>
    ({
      ADDRESS: 'a@example.org',
      FILE: `${folder}/file`,
      FOLDER: `${folder}/folder`,
      ID: '0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b',
    })[word] ?? 'name';
  const words = Object.keys(command.arguments ?? {}).map((argument) => valueFor(argument.toUpperCase()));
  return [...words, ...options.flatMap(([option, { takes }]) => [`--${option}`, valueFor(takes ?? '')])];
}
