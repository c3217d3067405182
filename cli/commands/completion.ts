import { argument, defineCommand } from '../command.ts';
import { loadAll } from '../command-index.ts';
import { completionScript, SHELLS } from '../completion.ts';
import { parseChoice } from '../values.ts';

export const command = defineCommand({
  name: 'completion',
  summary: 'Print a script by which your shell completes commands and options',
  examples: [
    'strongroom completion bash > ~/.local/share/bash-completion/completions/strongroom',
    'strongroom completion zsh > "${fpath[1]}/_strongroom"',
    'strongroom completion fish > ~/.config/fish/completions/strongroom.fish',
  ],
  arguments: { shell: argument(`One of: ${SHELLS.join(', ')}`, parseChoice(SHELLS)) },
  async run({ arguments: { shell } }) {
    const script = completionScript(shell, await loadAll());
    return { data: { shell, script }, lines: [script.trimEnd()] };
  },
});
