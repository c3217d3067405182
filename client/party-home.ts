/** A party's own folder: its session, keys, certificate, pins, datasets and the work in hand. Nothing of it is shared. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { ContainerName, DatasetName, EmailAddress, Fingerprint, Handle, Sha256 } from '../domain/ids.ts';
import { makePrivateFolder, readIfThere, readJsonFile, writeJsonFile, writePrivateFile } from './private-files.ts';
import { Pins } from './pins.ts';

export interface Session {
  /** The platform's address without `/v1`. */
  readonly apiUrl: string;
  readonly handle: Handle;
  readonly email: EmailAddress;
  readonly token: string;
}

export interface Identity {
  /** Armored, with the authority's certification. */
  readonly certificate: string;
  readonly fingerprint: Fingerprint;
}

/** As the platform signed it. */
export interface KeptAuditHead {
  readonly note: string;
  readonly key: string;
}

export interface LocalDataset {
  readonly folder: string;
  readonly sha256: Sha256;
}

/** Opens the folder, and makes it where it is missing; others are kept out of it. */
export async function openPartyHome(folder: string): Promise<PartyHome> {
  return new PartyHome(await makePrivateFolder(path.resolve(folder)));
}

export class PartyHome {
  readonly folder: string;
  readonly agent: {
    readonly stateFile: string;
    /** Of the process that starts the agent again when it dies. */
    readonly keeperFile: string;
    readonly logFile: string;
    /** The name under which the agent takes work, while it runs. */
    readonly identityFile: string;
    /** Of the Temporal that the agent brings where none is configured. */
    readonly temporalFolder: string;
  };

  constructor(folder: string) {
    this.folder = folder;
    this.agent = {
      stateFile: path.join(folder, 'agent', 'agent.json'),
      keeperFile: path.join(folder, 'agent', 'keeper.json'),
      logFile: path.join(folder, 'agent', 'agent.log'),
      identityFile: path.join(folder, 'agent', 'identity.json'),
      temporalFolder: path.join(folder, 'agent', 'temporal'),
    };
  }

  async session(): Promise<Session | null> {
    const token = await readIfThere(this.#in('token'));
    const rest = await readJsonFile<Omit<Session, 'token'> | null>(this.#in('session.json'), null);
    return token && rest ? { ...rest, token: token.toString('utf8').trim() } : null;
  }

  /** Fails with `E_SIGNED_OUT`. */
  async requireSession(): Promise<Session> {
    const session = await this.session();
    if (session) return session;
    throw new StrongroomError('E_SIGNED_OUT', 'You are not logged in.', { next: 'Run: strongroom login' });
  }

  async saveSession({ token, ...rest }: Session): Promise<void> {
    await writeJsonFile(this.#in('session.json'), rest);
    await writePrivateFile(this.#in('token'), `${token}\n`);
  }

  async forgetSession(): Promise<void> {
    await rm(this.#in('token'), { force: true });
    await rm(this.#in('session.json'), { force: true });
  }

  /** Where the key of a container of the session's account lies; keys of two platforms never mix. */
  modelKeyFile(session: Session, name: ContainerName): string {
    return path.join(this.#ofPlatform('keys', session), session.handle, `${name}.key`);
  }

  async identity(session: Session): Promise<Identity | null> {
    const folder = this.#identityFolder(session);
    const certificate = await readIfThere(path.join(folder, 'certificate.asc'));
    const about = await readJsonFile<{ fingerprint: Fingerprint } | null>(path.join(folder, 'certificate.json'), null);
    return certificate && about ? { certificate: certificate.toString('utf8'), fingerprint: about.fingerprint } : null;
  }

  async saveIdentity(session: Session, identity: Identity & { readonly privateKey: Buffer }): Promise<void> {
    const folder = this.#identityFolder(session);
    await writePrivateFile(path.join(folder, 'private-key.asc'), identity.privateKey);
    await writePrivateFile(path.join(folder, 'certificate.asc'), identity.certificate);
    await writeJsonFile(path.join(folder, 'certificate.json'), { fingerprint: identity.fingerprint });
  }

  /** The private key of the account's certificate, armored. The caller zeroes it. Fails with `E_NO_CERTIFICATE`. */
  async privateKey(session: Session): Promise<Buffer> {
    const key = await readIfThere(path.join(this.#identityFolder(session), 'private-key.asc'));
    if (key) return key;
    throw new StrongroomError('E_NO_CERTIFICATE', `There is no certificate of ${session.handle} on this machine.`, {
      next: 'Run: strongroom certificate create',
    });
  }

  async forgetIdentity(session: Session): Promise<void> {
    await rm(this.#identityFolder(session), { recursive: true, force: true });
  }

  /** What this party holds true about others since it first saw it. */
  pins(session: Session): Pins {
    return new Pins(path.join(this.#ofPlatform('certificates', session), 'pins.json'));
  }

  /** The head of the platform's audit log that this party kept, with its signature. */
  auditHead(session: Session): Promise<KeptAuditHead | null> {
    return readJsonFile<KeptAuditHead | null>(path.join(this.#ofPlatform('audit', session), 'head.json'), null);
  }

  async saveAuditHead(session: Session, head: KeptAuditHead): Promise<void> {
    await writeJsonFile(path.join(this.#ofPlatform('audit', session), 'head.json'), head);
  }

  /** What this party believes of the platform's enclave since it first saw it. */
  enclaveTrustFile(session: Session): string {
    return path.join(this.#ofPlatform('enclaves', session), 'trust.json');
  }

  /** The key and the checkpoint of the witness that this party runs. */
  witnessFolder(session: Session): string {
    return path.join(this.#ofPlatform('witness', session), session.handle);
  }

  /** Where the keys to the results of this party's jobs lie, and what was sent. */
  jobsFolder(session: Session): string {
    return path.join(this.#ofPlatform('jobs', session), session.handle);
  }

  datasets(session: Session): Promise<Readonly<Record<string, LocalDataset>>> {
    return readJsonFile(this.#datasetsFile(session), {});
  }

  async saveDataset(session: Session, name: DatasetName, dataset: LocalDataset): Promise<void> {
    await writeJsonFile(this.#datasetsFile(session), { ...(await this.datasets(session)), [name]: dataset });
  }

  /**
   * A folder for the work of one workflow; `id` is the workflow's. Its name stands for the work in Docker, too, and is no
   * other home's: on one machine two people may have work with the same id, on two platforms.
   */
  workFolder(id: string): Promise<string> {
    return makePrivateFolder(this.#workPath(id));
  }

  async removeWork(id: string): Promise<void> {
    await rm(this.#workPath(id), { recursive: true, force: true });
  }

  /** Where the results of a run stay. */
  runFolder(id: string): Promise<string> {
    return makePrivateFolder(this.#in('runs', id.replaceAll('/', '_')));
  }

  #in(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  #ofPlatform(kind: string, session: Session): string {
    return this.#in(kind, new URL(session.apiUrl).host.replaceAll(':', '_'));
  }

  #identityFolder(session: Session): string {
    return path.join(this.#ofPlatform('certificates', session), session.handle);
  }

  #datasetsFile(session: Session): string {
    return path.join(this.#ofPlatform('datasets', session), `${session.handle}.json`);
  }

  #workPath(id: string): string {
    return this.#in('work', createHash('sha256').update(`${this.folder}\n${id}`).digest('hex').slice(0, 16));
  }
}
