/** Functions of a story: folders to deploy, and the processes in which they run. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deployFunction, type Deployment } from '../../client/functions/deployment.ts';
import { TrustStore } from '../../client/functions/trust.ts';
import { Strongroom } from '../../client/strongroom.ts';
import { readFunctionFolder } from '../../crypto/function-folder.ts';
import type { Caller, Cast } from './cast.ts';

export const library = ({ session, home }: Caller): Strongroom =>
  new Strongroom({ apiUrl: session.apiUrl, token: session.token, trust: { file: home.enclaveTrustFile(session) } });

export async function deployFolder(person: Caller, folder: string, isPublic = false): Promise<Deployment> {
  return deployFunction({
    platform: person.platform,
    owner: person.handle,
    bundle: await readFunctionFolder(folder),
    trust: await library(person).trust(),
    store: new TrustStore(person.home.enclaveTrustFile(person.session)),
    public: isPublic,
    workFolder: await person.home.workFolder('deploy'),
  });
}

/** The folder of a function that answers text by text; `body` gets `text`. */
export async function writeFunction(folder: string, name: string, body: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const config = `name: ${name}\nentry: app.ts\ninput: { type: text }\noutput: { type: text }\n`;
  await writeFile(path.join(folder, 'function.yaml'), config);
  const source = `export async function handle(input: Uint8Array): Promise<string> {
  const text = new TextDecoder().decode(input);
  ${body}
}
`;
  await writeFile(path.join(folder, 'app.ts'), source);
  return folder;
}

/** The process id of the enclave's worker. */
export async function enclaveWorker(cast: Cast): Promise<number> {
  const record = path.join(cast.folder, 'platform', 'processes', 'enclave.json');
  return (JSON.parse(await readFile(record, 'utf8')) as { readonly pid: number }).pid;
}

/** The sandboxes that the enclave's worker has started and that live. */
export async function runnersOf(cast: Cast): Promise<number[]> {
  const worker = await enclaveWorker(cast);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [, name, , parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(stat) ?? [];
    if (name === 'bwrap' && Number(parent) === worker) found.push(pid);
  }
  return found;
}
