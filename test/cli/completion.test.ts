import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { COMMAND_INDEX, loadAll } from '../../cli/command-index.ts';
import { optionsOf } from '../../cli/command-line.ts';
import { completionScript, SHELLS } from '../../cli/completion.ts';
import type { Command } from '../../cli/command.ts';

let commands: Command[];
beforeAll(async () => {
  commands = await loadAll();
});

test.each(SHELLS)('the script for %s knows every command and every option', (shell) => {
  const script = completionScript(shell, commands);
  for (const command of commands) {
    for (const word of command.name.split(' ')) expect(script).toContain(word);
    for (const name of Object.keys(optionsOf(command))) expect(script).toMatch(new RegExp(`(--|-l )${name}\\b`));
  }
});

describe('in bash', () => {
  /** What the shell offers where the last word is being written. */
  const offered = (...words: string[]): string[] => {
    const program = `${completionScript('bash', commands)}
      COMP_WORDS=(strongroom "$@"); COMP_CWORD=$#; _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  };

  test('commands are completed, and then the words below them', () => {
    expect(offered('')).toEqual([...new Set(COMMAND_INDEX.map(({ name }) => name.split(' ')[0]))]);
    expect(offered('contai')).toEqual(['container']);
    expect(offered('container', 's')).toEqual(['submit', 'show']);
  });

  test('options are those of the command, wherever common options stand', () => {
    expect(offered('--json', 'access', 'grant', 'digits-model', '--em')).toEqual(['--email']);
    expect(offered('access', 'grant', '--ev')).toEqual([]);
    expect(offered('run', 'alice/digits-model', '--dat')).toEqual(['--dataset']);
    expect(offered('run', 'status', '--wa')).toEqual(['--watch']);
  });

  test('the value of an option and an argument are files', () => {
    expect(offered('container', 'submit', '--key-file', 'package.j')).toEqual(['package.json']);
    expect(offered('container', 'submit', 'tsconf')).toEqual(['tsconfig.json']);
  });
});
