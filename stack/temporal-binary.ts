/** Finds Temporal's command line tool, or makes it: on the PATH, in our cache, by download, by the Go toolchain. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { arch, homedir, platform } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { StrongroomError } from '../domain/errors.ts';
import { buildWithGo, firstUsable, namesOnPath } from './built-programs.ts';
import { cacheFolder } from './cache-folder.ts';

const run = promisify(execFile);

/** The newest that the Go toolchain can install: later ones have a replace directive in their module file. */
const VERSION = '1.5.1';

type Report = (line: string) => void;

/** The path of a usable binary. The first time it may have to be built, which takes three minutes. */
export async function findTemporal(report: Report): Promise<string> {
  const cached = path.join(cacheFolder(), `temporal-${VERSION}`);
  const known = await firstUsable([...namesOnPath('temporal'), path.join(goPath(), 'bin', 'temporal'), cached]);
  if (known) return known;
  await mkdir(cacheFolder(), { recursive: true });
  report(`Fetching Temporal ${VERSION} …`);
  if (await download(cached)) return cached;
  if ((await firstUsable(namesOnPath('go'))) === null) throw notToBeHad();
  report(`Building Temporal ${VERSION} with Go: about three minutes, this once …`);
  await buildWithGo({ [`github.com/temporalio/cli/cmd/temporal@v${VERSION}`]: cached }).catch((error: unknown) => {
    throw notToBeHad(error);
  });
  return cached;
}

const goPath = () => process.env.GOPATH ?? path.join(homedir(), 'go');

/** The official archive holds the binary as `temporal`; without a network this fails quickly and quietly. */
async function download(target: string): Promise<boolean> {
  const machine = arch() === 'arm64' ? 'arm64' : 'amd64';
  const url = `https://temporal.download/cli/archive/v${VERSION}?platform=${platform()}&arch=${machine}`;
  const folder = `${target}.${process.pid}.download`;
  try {
    await mkdir(folder, { recursive: true });
    const archive = path.join(folder, 'temporal.tar.gz');
    await run('curl', ['-fsSL', '--connect-timeout', '5', '--max-time', '300', '-o', archive, url]);
    await run('tar', ['-xzf', archive, '-C', folder, 'temporal']);
    await rename(path.join(folder, 'temporal'), target);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const notToBeHad = (cause?: unknown) =>
  new StrongroomError('E_UNAVAILABLE', 'There is no Temporal server, and none could be fetched or built.', {
    next: "Install Temporal's command line tool, or Go, or set TEMPORAL_ADDRESS to a server that runs.",
    cause,
  });
