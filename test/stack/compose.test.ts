/** docker-compose.yml brings up what the local stack does, the enclave included, and its image holds what they need. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { parse } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const text = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

interface Service {
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}
const { services } = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const service = (name: string): Service => services[name] ?? {};
/** What a command of ours begins with. */
const entryOf = ({ command = [] }: Service): string | undefined => (command[0] === 'node' ? command[1] : undefined);

test('every process that the local stack starts is a service', () => {
  const started = [...text('stack/stack.ts').matchAll(/'((?:api|workers)\/[\w-]+\.ts)'/g)];
  const ofEnclave = [...text('stack/enclave.ts').matchAll(/'(workers\/[\w-]+\.ts)'/g)];
  const wanted = [...started, ...ofEnclave].map(([, script = '']) => script);
  expect(wanted).toHaveLength(5);
  const served = Object.values(services).flatMap((each) => entryOf(each) ?? []);
  expect(served.sort()).toEqual([...new Set(wanted)].sort());
});

test('each secret of the enclave is in a volume that one service has, which has no network', () => {
  const holders = (volume: string) =>
    Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes.some((each) => each.startsWith(`${volume}:`)) ? [name] : [],
    );
  expect(holders('attestor')).toEqual(['attestor']);
  expect(holders('offline-root')).toEqual(['attestor']);
  expect(holders('broker')).toEqual(['broker']);
  expect(holders('broker-key')).toEqual(['broker']);
  expect(holders('enclave').sort()).toEqual(['api', 'attestor', 'broker', 'enclave', 'worker']);
  expect(holders('strongroom').sort()).toEqual(['api', 'enclave', 'worker']);
  for (const name of ['attestor', 'broker']) {
    expect(service(name)).toMatchObject({ network_mode: 'none', read_only: true, cap_drop: ['ALL'] });
  }
  for (const name of ['attestor', 'broker', 'enclave']) expect(service(name).ports).toBeUndefined();
});

test('the image has every file that its processes import, and every package', () => {
  const copied = [...text('Dockerfile').matchAll(/^COPY (\w+) \1$/gm)].map(([, folder = '']) => folder);
  const sent = new Set(text('.dockerignore').split('\n'));
  const health = Object.values(services).flatMap(({ healthcheck }) => healthcheck?.test ?? []);
  const scripts = [...Object.values(services).map(entryOf), ...health, 'workers/measure-enclave.ts'];
  const left = scripts.filter((each) => each !== undefined && /^\w+\/.*\.ts$/.test(each)) as string[];
  const seen = new Set<string>();
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, imported = ''] of text(file).matchAll(/(?:from|import\(|import) ?'(\.{1,2}\/[^']+\.ts)'/g)) {
      left.push(path.join(path.dirname(file), imported));
    }
  }
  const folders = [...new Set([...seen].map((file) => file.split('/')[0] ?? ''))];
  expect(folders).toContain('enclave');
  expect(folders.filter((folder) => !copied.includes(folder) || !sent.has(`!${folder}`))).toEqual([]);
});

/** A container with nothing in it but what this machine has, run as the service `enclave` is. */
test('runners are shut in, and answer, in a container with the options of the enclave’s service', async () => {
  const docker = new Docker();
  try {
    const empty = await docker.importImage(Readable.from([Buffer.alloc(1024)]), {
      repo: 'strongroom-compose-test',
      tag: '1',
    });
    for await (const _progress of empty);
    const seen = ['/usr', '/bin', '/lib', '/lib64', '/etc', ROOT, path.dirname(process.execPath)].filter(existsSync);
    const { cap_drop: drop = [], security_opt: options = [] } = service('enclave');
    const { stdout } = await promisify(execFile)('docker', [
      ...['run', '--rm', '--user', '1000:1000', '--network', 'none', '--tmpfs', '/tmp'],
      ...drop.flatMap((each) => ['--cap-drop', each]),
      ...options.flatMap((each) => ['--security-opt', each]),
      ...seen.flatMap((each) => ['--volume', `${each}:${each}:ro`]),
      ...['--env', `PATH=${process.env.PATH ?? ''}`, 'strongroom-compose-test:1'],
      ...[process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', TRY],
    ]);
    expect(stdout).toContain('"label":"0"');
  } finally {
    await docker
      .getImage('strongroom-compose-test:1')
      .remove({ force: true })
      .catch(() => undefined);
  }
});

const TRY = `import { readFileSync } from 'node:fs';
import { encodeFunctionBundle } from '${ROOT}/crypto/function-bundle.ts';
import { readFunctionFolder } from '${ROOT}/crypto/function-folder.ts';
import { deploy } from '${ROOT}/enclave/host/running-function.ts';
const running = await deploy(encodeFunctionBundle(await readFunctionFolder('${ROOT}/examples/image-classification')));
const { bytes } = await running.call(readFileSync('${ROOT}/examples/digits-data/data-owner-one/data/000.png'));
console.log(bytes.toString());
await running.stop();
`;
