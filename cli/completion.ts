/** Shell completion, made from the commands themselves: what is in a script is what they take. */
import type { Command, Option } from './command.ts';
import { COMMON_OPTIONS, optionsOf } from './command-line.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const completionScript = (shell: Shell, commands: readonly Command[]): string => SCRIPTS[shell](commands);

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

const words = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name)),
];

const below = (commands: readonly Command[], group: string): Command[] =>
  commands.filter(({ name }) => name.startsWith(`${group} `));

const secondWord = ({ name }: Command): string => name.split(' ')[1] ?? '';

const allOptions = (command: Command): [string, Option<unknown>][] =>
  Object.entries({ ...optionsOf(command), ...COMMON_OPTIONS });

/** After these a file name is written. */
const valued = (commands: readonly Command[]): string[] => [
  ...new Set(
    commands.flatMap((command) =>
      allOptions(command)
        .filter(([, { takes }]) => takes !== null)
        .map(([name]) => `--${name}`),
    ),
  ),
];

/** Lines `pattern) words ;;` of a `case` over the words before the cursor; the first that fits wins, so longer ones first. */
function cases(commands: readonly Command[]): string[] {
  const forCommand = (command: Command): string[] => {
    const { name } = command;
    const options = `options='${allOptions(command)
      .map(([option]) => `--${option}`)
      .join(' ')}'`;
    const next = below(commands, name).map(secondWord).join(' ');
    return [`    '${name}') ${options}; subcommands='${next}' ;;`, `    '${name} '*) ${options} ;;`];
  };
  const isLong = ({ name }: Command) => name.includes(' ');
  const groups = words(commands)
    .filter((word) => !commands.some(({ name }) => name === word))
    .map((word) => `    '${word}') subcommands='${below(commands, word).map(secondWord).join(' ')}' ;;`);
  return [
    ...commands.filter(isLong).flatMap(forCommand),
    ...commands.filter((command) => !isLong(command)).flatMap(forCommand),
    ...groups,
    `    '') subcommands='${words(commands).join(' ')}' ;;`,
  ];
}

/** The part that bash and zsh have in common: finds `options`, `subcommands` and whether a value is due. */
const finding = (commands: readonly Command[]): string => `  local options='' subcommands='' before='' word value=''
  for word in "\${given[@]}"; do
    if [[ -n $value ]]; then value=''; continue; fi
    case "$word" in
      ${valued(commands).join('|')}) value=yes ;;
      -*) ;;
      *) before="\${before:+$before }$word" ;;
    esac
  done
  case "$before" in
${cases(commands).join('\n')}
  esac`;

function bash(commands: readonly Command[]): string {
  return `# strongroom completion bash > ~/.local/share/bash-completion/completions/strongroom
_strongroom() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  local -a given=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${finding(commands)}
  if [[ -z $value && $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -z $value && -n $subcommands ]]; then
    COMPREPLY=($(compgen -W "$subcommands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _strongroom strongroom
`;
}

function zsh(commands: readonly Command[]): string {
  return `#compdef strongroom
# strongroom completion zsh > "\${fpath[1]}/_strongroom"
_strongroom() {
  local -a given=("\${(@)words[2,CURRENT-1]}")
  local current="\${words[CURRENT]}"
${finding(commands)}
  if [[ -z $value && $current == -* ]]; then
    compadd -- \${=options}
  elif [[ -z $value && -n $subcommands ]]; then
    compadd -- \${=subcommands}
  else
    _files
  fi
}
if [[ $funcstack[1] == _strongroom ]]; then _strongroom "$@"; else compdef _strongroom strongroom; fi
`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(commands: readonly Command[]): string {
  const lines = ['# strongroom completion fish > ~/.config/fish/completions/strongroom.fish'];
  const firsts = words(commands);
  const none = `not __fish_seen_subcommand_from ${firsts.join(' ')}`;
  for (const word of firsts) {
    const command = commands.find(({ name }) => name === word);
    const about = command?.summary ?? below(commands, word).map(secondWord).join(', ');
    lines.push(`complete -c strongroom -f -n '${none}' -a ${word} -d ${quoted(about)}`);
  }
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    const siblings = below(commands, first).map(secondWord);
    if (second !== undefined) {
      const open = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${siblings.join(' ')}`;
      lines.push(`complete -c strongroom -f -n '${open}' -a ${second} -d ${quoted(command.summary)}`);
    }
    const rest = siblings.length > 0 ? `; and not __fish_seen_subcommand_from ${siblings.join(' ')}` : '';
    const here =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}${rest}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    for (const [name, { takes, summary }] of Object.entries(optionsOf(command))) {
      lines.push(`complete -c strongroom -n '${here}' -l ${name}${takes === null ? '' : ' -r'} -d ${quoted(summary)}`);
    }
  }
  for (const [name, { takes, summary }] of Object.entries(COMMON_OPTIONS)) {
    lines.push(`complete -c strongroom -l ${name}${takes === null ? '' : ' -r'} -d ${quoted(summary)}`);
  }
  return `${lines.join('\n')}\n`;
}
