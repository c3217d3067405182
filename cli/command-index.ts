/** All commands with their summaries; what a command needs is loaded when it is run. */
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { splitCommandLine } from './command-line.ts';
import { unknownName } from './suggest.ts';

export interface Listed {
  readonly name: string;
  readonly summary: string;
}

export const COMMAND_INDEX: readonly Listed[] = [
  { name: 'signup', summary: 'Create an account' },
  { name: 'verify', summary: 'Verify your e-mail address' },
  { name: 'verification resend', summary: 'Ask for the mail with the token once more' },
  { name: 'password reset', summary: 'Ask for a mail with a code that sets a new password' },
  { name: 'password set', summary: 'Set a new password by the code of the mail' },
  { name: 'login', summary: 'Log in and keep a token' },
  { name: 'login approve', summary: 'Log another machine in as you, after seeing from where it asks' },
  { name: 'login refuse', summary: 'Refuse to log another machine in' },
  { name: 'logout', summary: 'Log out and forget the token' },
  { name: 'session list', summary: 'List where you are logged in' },
  { name: 'whoami', summary: 'Show who is logged in' },
  { name: 'token create', summary: 'Create a personal access token' },
  { name: 'token list', summary: 'List your personal access tokens' },
  { name: 'token revoke', summary: 'Revoke a personal access token' },
  { name: 'benchmark create', summary: 'Create a benchmark with its committee' },
  { name: 'benchmark list', summary: 'List the benchmarks' },
  { name: 'benchmark show', summary: 'Show a benchmark' },
  { name: 'benchmark policy', summary: 'Show or set what a benchmark approves without votes' },
  { name: 'benchmark invite', summary: 'Invite a container to a benchmark' },
  { name: 'benchmark close', summary: 'Close a benchmark for new requests' },
  { name: 'benchmark results', summary: 'List the results of a benchmark' },
  { name: 'invitation list', summary: 'List invitations to your containers, and those by your committees' },
  { name: 'invitation withdraw', summary: 'Take an invitation back' },
  { name: 'member add', summary: 'Take an account into the committee of a benchmark' },
  { name: 'member remove', summary: 'Take a seat on the committee of a benchmark away' },
  { name: 'member list', summary: 'List the committee of a benchmark' },
  { name: 'container submit', summary: 'Encrypt, host and register a container' },
  { name: 'container associate', summary: "Test a container and ask a benchmark's committee to accept it" },
  { name: 'container list', summary: 'List your containers' },
  { name: 'container show', summary: 'Show a container' },
  { name: 'container rotate-key', summary: 'Give a container a new key, and everyone who has access, too' },
  { name: 'review list', summary: 'List your requests, and those to your committees' },
  { name: 'review show', summary: 'Show a request, its votes and whom it waits for' },
  { name: 'review approve', summary: 'Vote for a request' },
  { name: 'review reject', summary: 'Vote against a request' },
  { name: 'review request-changes', summary: 'Give a request back to its owner, who submits it again' },
  { name: 'review withdraw', summary: 'Take an undecided request of yours back' },
  { name: 'access grant', summary: 'Give authorised data owners access to a container' },
  { name: 'access auto', summary: 'Grant access by itself as data owners get certificates' },
  { name: 'access list', summary: 'Show who has access to a container' },
  { name: 'access revoke', summary: "End one address's access" },
  { name: 'access delete-keys', summary: 'Delete all wrapped keys and end all access' },
  { name: 'certificate create', summary: 'Make your certificate and have it certified' },
  { name: 'certificate show', summary: 'Show your certificates' },
  { name: 'certificate accept', summary: "Believe another person's changed certificate" },
  { name: 'certificate revoke', summary: 'Revoke your certificate, and the access granted to it' },
  { name: 'dataset register', summary: 'Register a dataset by its digest; the data stays here' },
  { name: 'dataset associate', summary: "Ask a benchmark's committee to accept a dataset" },
  { name: 'dataset withdraw', summary: 'Take a dataset out of a benchmark, and end your access there' },
  { name: 'dataset list', summary: 'List your datasets' },
  { name: 'run', summary: 'Call a function with a file, or run a granted container on a dataset' },
  { name: 'run status', summary: 'Show how a run goes, or went' },
  { name: 'workflow show', summary: 'Show how a piece of work goes' },
  { name: 'workflow follow', summary: 'Follow a piece of work to its end' },
  { name: 'workflow cancel', summary: 'Cancel a piece of work' },
  { name: 'agent start', summary: 'Start the agent, which does your work in the background' },
  { name: 'agent stop', summary: 'Stop the agent; its work goes on when it is started again' },
  { name: 'agent status', summary: 'Show whether the agent runs' },
  { name: 'agent logs', summary: 'Show the end of the log of the agent' },
  { name: 'webhook create', summary: 'Have what concerns you sent to an address, signed' },
  { name: 'webhook list', summary: 'List your webhooks' },
  { name: 'webhook change', summary: 'Change what is sent to a webhook, or where to' },
  { name: 'webhook enable', summary: 'Switch a webhook on again' },
  { name: 'webhook rotate-secret', summary: 'Give a webhook another secret' },
  { name: 'webhook delete', summary: 'Delete a webhook with its log' },
  { name: 'webhook deliveries', summary: 'Show what was sent to a webhook, and how it was answered' },
  { name: 'webhook redeliver', summary: 'Send something to a webhook again' },
  { name: 'audit list', summary: 'List decisions and changes of access' },
  { name: 'audit export', summary: 'Write the audit log and its signed head to files' },
  { name: 'audit verify', summary: 'Say whether the audit log is whole, also against the head kept earlier' },
  { name: 'up', summary: 'Start the platform on this machine, in the background' },
  { name: 'down', summary: 'Stop the platform on this machine; its data stays' },
  { name: 'status', summary: 'Show what runs on this machine, and who is logged in' },
  { name: 'doctor', summary: 'Check what Strongroom needs, and say how to put it right' },
  { name: 'dev', summary: 'Run the platform in the foreground until Ctrl-C' },
  { name: 'completion', summary: 'Print a script by which your shell completes commands and options' },
  { name: 'config', summary: 'Show all settings, their values and where they come from' },
  {
    name: 'backup',
    summary: "Copy all that the platform on this machine keeps: its database, its work and everybody's uploads",
  },
  { name: 'restore', summary: 'Make the data folder of the platform out of a backup' },
  { name: 'payload-key add', summary: 'Add a key for the payloads in Temporal, and make it the current one' },
  { name: 'archive encrypt', summary: 'Encrypt an archive so that stock gpg can open it' },
  { name: 'archive decrypt', summary: 'Decrypt an archive, ours or made by gpg' },
  { name: 'archive inspect', summary: 'Show how an archive is encrypted; needs no key' },
  { name: 'archive verify', summary: 'Say whether an archive is whole and the key is the right one' },
  { name: 'job run', summary: 'Have a function answer every file of a folder, encrypted, in the background' },
  { name: 'job list', summary: 'List your jobs' },
  { name: 'job show', summary: 'Show how far a job is' },
  { name: 'job results', summary: 'Fetch, check and decrypt the results of a job' },
  { name: 'job pause', summary: 'Pause a job' },
  { name: 'job resume', summary: 'Go on with a paused job' },
  { name: 'job cancel', summary: 'End a job for good; what was answered stays' },
  { name: 'job delete', summary: 'Erase a job that is over, with its results' },
  { name: 'encrypt', summary: 'Encrypt a file for functions: it is opened in attested runners only' },
  { name: 'function init', summary: 'Make a folder with a function that runs, to start from' },
  { name: 'function deploy', summary: 'Encrypt a function and deploy it into the enclave' },
  { name: 'function list', summary: 'List your deployed functions' },
  { name: 'function show', summary: 'Show a deployed function' },
  { name: 'function delete', summary: 'Delete a version of a function with its ciphertext' },
  { name: 'function checksum', summary: 'Compute the checksum by which a function is known; needs no network' },
  { name: 'attestation verify', summary: 'Say whether an attestation document proves what you demand' },
  { name: 'attestation show', summary: 'Show the attestation of a function, step by step, or what a document says' },
  { name: 'log show', summary: 'Show the checkpoint of the transparency log that you keep, and the entries about you' },
  {
    name: 'log verify',
    summary: 'Say whether the transparency log is whole, and leads on from the checkpoint that you kept',
  },
  {
    name: 'log witness',
    summary: 'Watch the transparency log for others, and cosign what leads on from what was seen',
  },
  { name: 'sealing-key show', summary: 'Show the key to which inputs for you are sealed' },
  { name: 'sealing-key rotate', summary: 'Move on to your next sealing key' },
  { name: 'enclave show', summary: 'Show the enclave that you believe, and how the platform describes it now' },
  { name: 'enclave accept', summary: "Believe the platform's changed enclave" },
];

export const groups = (): string[] => [
  ...new Set(COMMAND_INDEX.filter(({ name }) => name.includes(' ')).map(({ name }) => firstWord(name))),
];

export type Found =
  | { readonly kind: 'overview'; readonly group?: string }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'command'; readonly rest: readonly string[]; load(): Promise<Command> };

/** What a command line asks for. Fails with `E_USAGE` and what was probably meant. */
export function findCommand(argv: readonly string[]): Found {
  const { words, rest } = splitCommandLine(argv, (word) => groups().includes(word));
  const [first, second] = words;
  if (first === undefined) {
    return argv.includes('--version') ? { kind: 'version', version: readVersion() } : { kind: 'overview' };
  }
  if (first === 'help') return { kind: 'overview' };
  const name = words.join(' ');
  if (isListed(name)) return { kind: 'command', rest, load: () => load(name) };
  // `run` and `login` are commands of their own and have others below them.
  if (isListed(first)) return { kind: 'command', rest: [...words.slice(1), ...rest], load: () => load(first) };
  if (groups().includes(first) && second === undefined) return { kind: 'overview', group: first };
  throw unknownCommand(first, name);
}

const isListed = (name: string): boolean => COMMAND_INDEX.some((listed) => listed.name === name);

function unknownCommand(first: string, name: string) {
  const inGroup = groups().includes(first);
  const candidates = COMMAND_INDEX.map((listed) => listed.name).filter(
    (known) => !inGroup || firstWord(known) === first,
  );
  const all = inGroup ? candidates : [...candidates, ...groups()];
  return unknownName('command', name, all, inGroup ? `strongroom ${first} --help` : 'strongroom --help');
}

/** Every command with all that it takes. */
export const loadAll = (): Promise<Command[]> => Promise.all(COMMAND_INDEX.map(({ name }) => load(name)));

/** The file of a command is called as the command is. */
async function load(name: string): Promise<Command> {
  const module = (await import(`./commands/${name.replaceAll(' ', '-')}.ts`)) as { readonly command: Command };
  return module.command;
}

const firstWord = (name: string): string => name.split(' ')[0] ?? name;

export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
