/** One party of the demo: a home folder of its own, and the same command line that anyone uses. */
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StackAddresses } from '../../stack/stack.ts';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'cli', 'strongroom.mjs');
const PASSWORD = 'a password for the demo only';

export interface Stage {
  readonly folder: string;
  readonly addresses: StackAddresses;
  /** Ends the command that runs, and lets none begin. */
  readonly interrupted: AbortSignal;
}

/** A command ended with another exit code than the story has it. */
export class DemoFailure extends Error {}

export class Party {
  readonly name: string;
  readonly #stage: Stage;

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.name = name;
  }

  get email(): string {
    return `${this.name}@example.org`;
  }

  get home(): string {
    return path.join(this.#stage.folder, this.name);
  }

  /** Runs `strongroom …` and shows it; answers what it printed. Fails unless it exits with `expected`. */
  async run(args: readonly string[], expected = 0): Promise<string> {
    this.#stage.interrupted.throwIfAborted();
    console.log(`  ${this.name} $ strongroom ${args.map(quote).join(' ')}`);
    const { code, output } = await this.#spawn(args, true);
    if (code === expected) return output;
    throw new DemoFailure(`strongroom ${args.join(' ')} ended with ${code}, expected ${expected}.`);
  }

  /** The same without a word, for what is asked again and again. */
  async ask(args: readonly string[]): Promise<unknown> {
    const { output } = await this.#spawn([...args, '--json'], false);
    return JSON.parse(output);
  }

  /** Sign-up, verification by the mail that came, log-in: the ordinary way. */
  async join(): Promise<void> {
    const passwordFile = path.join(this.#stage.folder, `${this.name}.password`);
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    await this.run(['signup', '--email', this.email, '--handle', this.name, '--password-file', passwordFile]);
    const token = await this.#verificationToken();
    const { code } = await this.#spawn(['verify', token], false);
    if (code !== 0) throw new DemoFailure(`The address of ${this.name} could not be verified.`);
    await this.run(['login', '--email', this.email, '--password-file', passwordFile]);
  }

  async stopAgent(): Promise<void> {
    await this.#spawn(['agent', 'stop'], false);
  }

  async token(): Promise<string> {
    return (await readFile(path.join(this.home, 'token'), 'utf8')).trim();
  }

  #spawn(args: readonly string[], shown: boolean): Promise<{ code: number; output: string }> {
    const { addresses } = this.#stage;
    const env = {
      ...process.env,
      STRONGROOM_HOME: this.home,
      STRONGROOM_API_URL: addresses.api,
      TEMPORAL_ADDRESS: addresses.temporal,
      TEMPORAL_NAMESPACE: addresses.temporalNamespace,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [CLI, ...args], {
        env,
        stdio: ['ignore', 'pipe', shown ? 'inherit' : 'ignore'],
      });
      if (shown) this.#stage.interrupted.addEventListener('abort', () => child.kill());
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (shown) process.stdout.write(text.replace(/^(?=.)/gm, '    '));
      });
      child.once('error', reject);
      child.once('close', (code) => {
        resolve({ code: code ?? 1, output });
      });
    });
  }

  async #verificationToken(): Promise<string> {
    const outbox = path.join(this.#stage.folder, 'platform', 'outbox');
    for (let tries = 0; tries < 200; tries += 1) {
      for (const file of (await readdir(outbox)).filter((name) => name.endsWith('.eml'))) {
        const mail = await readFile(path.join(outbox, file), 'utf8');
        const token = /[?]token=([\w.-]+)/.exec(mail)?.[1];
        if (mail.includes(this.email) && token) return token;
      }
      await pause(50);
    }
    throw new DemoFailure(`No verification mail for ${this.email} arrived.`);
  }
}

const quote = (argument: string): string => (/^[\w@./:=-]+$/.test(argument) ? argument : `'${argument}'`);
