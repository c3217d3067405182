/** The people of a story: each with an account, a home and an agent of their own, on a platform that really runs. */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openPartyHome, type PartyHome, type Session } from '../../client/party-home.ts';
import { createPlatformClient, type PlatformClient } from '../../client/platform.ts';
import { createCertificate, provePossession } from '../../crypto/certificates.ts';
import { parseEmailAddress, parseHandle, type Handle } from '../../domain/ids.ts';
import { startChild, type Child } from '../../stack/child-process.ts';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { bringUp, type RunningStack } from '../../stack/stack.ts';
import { connectTemporalClient, type OpenClient } from '../../stack/temporal-connection.ts';
import { found, until } from '../support/patience.ts';

const PASSWORD = 'correct horse battery staple';
const ROOT = path.resolve(import.meta.dirname, '..', '..');

export type Settings = Readonly<Record<string, string>>;

export interface Person {
  readonly handle: Handle;
  readonly email: string;
  readonly home: PartyHome;
  readonly session: Session;
  readonly platform: PlatformClient;
  readonly agent: Child;
}

/** Somebody who needs no agent. */
export type Caller = Omit<Person, 'agent'>;

export interface Staging {
  /** Of the platform's environment. */
  readonly settings?: Settings;
  /** Hears what the supervisor of the platform says. */
  readonly report?: (line: string) => void;
  /** Prepares the folder of the story, in which the platform's own is `platform`. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Brings the platform up; as `strongroom up` does it, unless another way is given. */
  readonly bringUp?: typeof bringUp;
}

export class Cast {
  readonly folder: string;
  readonly stack: RunningStack;
  readonly temporal: OpenClient;
  readonly #agents: Child[] = [];

  private constructor(folder: string, stack: RunningStack, temporal: OpenClient) {
    this.folder = folder;
    this.stack = stack;
    this.temporal = temporal;
  }

  static async assemble(staging: Staging = {}): Promise<Cast> {
    const { settings = {}, report = () => undefined, prepare } = staging;
    const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-story-'));
    await chmod(folder, 0o755);
    await prepare?.(folder);
    const config = readPlatformConfiguration({
      STRONGROOM_DATA: path.join(folder, 'platform'),
      STRONGROOM_SIGN_UPS_PER_MINUTE: '1000',
      STRONGROOM_LOG_INS_PER_MINUTE: '1000',
      ...settings,
    });
    const stack = await (staging.bringUp ?? bringUp)(config, report);
    return new Cast(folder, stack, await connectTemporalClient(config, stack.addresses.temporal));
  }

  /** Signs up, verifies the address by the mail that came, and logs in. */
  async enrol(name: string): Promise<Caller> {
    const baseUrl = this.stack.addresses.api;
    const email = `${name}@example.org`;
    const stranger = createPlatformClient({ baseUrl, token: null });
    await stranger.signUp({ body: { email, handle: parseHandle(name), password: PASSWORD } });
    await stranger.verifyEmail({ body: { token: await this.#tokenFor(email) } });
    const { token } = await stranger.logIn({ body: { email, password: PASSWORD } });
    const home = await openPartyHome(path.join(this.folder, name));
    const session = { apiUrl: baseUrl, handle: parseHandle(name), email: parseEmailAddress(email), token };
    await home.saveSession(session);
    return { handle: session.handle, email, home, session, platform: createPlatformClient({ baseUrl, token }) };
  }

  /** Enrols, and starts the agent. `settings` are of the agent's environment. */
  async join(name: string, settings: Settings = {}): Promise<Person> {
    const caller = await this.enrol(name);
    return { ...caller, agent: await this.startAgent(caller, settings) };
  }

  /** Makes a certificate on the person's machine and has it certified. */
  async certify({ home, session, platform, handle }: Caller): Promise<void> {
    const made = await createCertificate({ handle, email: session.email, expiresInDays: 365 });
    const { challenge } = await platform.createChallenge();
    const proof = await provePossession(made.privateKey, challenge);
    const { fingerprint } = made;
    const { certificate } = await platform.createCertificate({
      body: { fingerprint, certificate: made.certificate, proof, challenge },
    });
    await home.saveIdentity(session, { certificate, fingerprint, privateKey: made.privateKey });
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await this.temporal.close();
    await this.stack.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #tokenFor(email: string): Promise<string> {
    const outbox = path.join(this.folder, 'platform', 'outbox');
    return found(`a verification mail for ${email}`, async () => {
      for (const file of (await readdir(outbox)).filter((name) => name.endsWith('.eml'))) {
        const mail = await readFile(path.join(outbox, file), 'utf8');
        const token = /[?]token=([\w.-]+)/.exec(mail)?.[1];
        if (mail.includes(email) && token) return token;
      }
      return null;
    });
  }

  /** The person's agent; again, where it was killed. */
  async startAgent({ home }: Pick<Person, 'home'>, settings: Settings = {}): Promise<Child> {
    return this.#startAgent(home, 'agent.ts', settings);
  }

  /** The same as `strongroom agent start` does it: with a keeper, whose process is answered. */
  async keepAgent({ home }: Pick<Person, 'home'>, settings: Settings = {}): Promise<Child> {
    return this.#startAgent(home, 'agent-keeper.ts', settings);
  }

  async #startAgent(home: PartyHome, program: string, settings: Settings): Promise<Child> {
    const agent = await startChild(process.execPath, {
      args: [path.join(ROOT, 'workers', program)],
      logFile: home.agent.logFile,
      env: { STRONGROOM_HOME: home.folder, TEMPORAL_ADDRESS: this.stack.addresses.temporal, ...settings },
    });
    this.#agents.push(agent);
    const known = await readFile(home.agent.stateFile, 'utf8').catch(() => '');
    await until('the agent runs', async () => {
      if (agent.exited()) return true;
      const said = await readFile(home.agent.stateFile, 'utf8');
      return said !== '' && said !== known;
    });
    if (agent.exited()) throw new Error(`The agent did not start: ${await readFile(home.agent.logFile, 'utf8')}`);
    return agent;
  }
}
