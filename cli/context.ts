/** What a command works with. Each part is made when it is first asked for, so that `--help` stays quick. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { PartyHome, Session } from '../client/party-home.ts';
import type { PartyConfiguration } from '../stack/configuration.ts';
import type { PlatformClient } from '../client/platform.ts';
import { Output } from './output.ts';
import { Prompt } from './prompt.ts';
import { parseApiUrl } from './values.ts';

/** What every command takes. */
export interface CommonOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly yes: boolean;
  readonly 'no-input': boolean;
  readonly home: string | undefined;
  readonly api: string | undefined;
  readonly help: boolean;
}

export class Context {
  readonly output: Output;
  readonly prompt: Prompt;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  readonly yes: boolean;
  readonly #common: CommonOptions;

  constructor(common: CommonOptions, signal: AbortSignal) {
    this.#common = common;
    this.signal = signal;
    this.yes = common.yes;
    this.output = new Output(common.json ? 'json' : common.quiet ? 'ids' : 'people');
    this.prompt = new Prompt({ allowed: !common['no-input'] && !common.json, yes: common.yes, signal });
  }

  /** The party's folder: `--home`, STRONGROOM_HOME, or the usual place of the system. */
  get homeFolder(): string {
    const shared = setting('XDG_DATA_HOME') ?? join(homedir(), '.local', 'share');
    return this.#common.home ?? setting('STRONGROOM_HOME') ?? join(shared, 'strongroom');
  }

  async home(): Promise<PartyHome> {
    const { openPartyHome } = await import('../client/party-home.ts');
    return openPartyHome(this.homeFolder);
  }

  /** Who is logged in. Fails with `E_SIGNED_OUT`, also where `--api` names another platform. */
  async session(): Promise<Session> {
    const session = await (await this.home()).requireSession();
    const wanted = this.#common.api ?? session.apiUrl;
    if (wanted === session.apiUrl) return session;
    throw new StrongroomError('E_SIGNED_OUT', `You are not logged in at ${wanted}.`, {
      why: `This folder is logged in at ${session.apiUrl}.`,
      next: `Run: strongroom login --api ${wanted}, or choose another folder with --home.`,
    });
  }

  /** The platform, for the account that is logged in. */
  async platform(): Promise<PlatformClient> {
    const { apiUrl, token } = await this.session();
    return this.#client(apiUrl, token);
  }

  /** The platform, for somebody who is not logged in yet. */
  async platformForAnyone(): Promise<PlatformClient> {
    return this.#client(await this.apiUrl(), null);
  }

  /** The party's settings. Fails with `E_CONFIG`. */
  async configuration(): Promise<PartyConfiguration> {
    const { readPartyConfiguration } = await import('../stack/configuration.ts');
    return readPartyConfiguration({ ...process.env, STRONGROOM_HOME: this.homeFolder });
  }

  /** The address of the platform: `--api`, STRONGROOM_API_URL, where this folder is logged in, or what runs here. */
  async apiUrl(): Promise<string> {
    const given = this.#common.api ?? (await this.configuration()).apiUrl;
    if (given !== null) return parseApiUrl(given);
    const session = await (await this.home()).session();
    if (session) return session.apiUrl;
    const local = await this.#localPlatform();
    if (local !== null) return local;
    throw new StrongroomError('E_USAGE', 'The address of the platform is not known.', {
      next: 'Add --api URL, or set STRONGROOM_API_URL.',
    });
  }

  async #localPlatform(): Promise<string | null> {
    const { platformConfiguration } = await import('./platform.ts');
    const { readPlatformState } = await import('./platform-state.ts');
    const state = await readPlatformState((await platformConfiguration()).dataFolder);
    return state?.addresses.api ?? null;
  }

  async #client(baseUrl: string, token: string | null): Promise<PlatformClient> {
    const { createPlatformClient } = await import('../client/platform.ts');
    return createPlatformClient({ baseUrl, token });
  }
}

function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
