/** Finds the programs of Temporal's full server, or builds them: there is no download of them for every machine. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { buildWithGo, firstUsable, namesOnPath } from './built-programs.ts';
import { cacheFolder } from './cache-folder.ts';

const VERSION = '1.29.1';
const MODULE = 'go.temporal.io/server/cmd';

export interface FullTemporalBinaries {
  readonly server: string;
  /** Makes its databases and brings them to its version. */
  readonly sqlTool: string;
}

/** The first time they are built, which takes some minutes. Fails with `E_UNAVAILABLE`. */
export async function findFullTemporal(report: (line: string) => void): Promise<FullTemporalBinaries> {
  const cached = {
    server: path.join(cacheFolder(), `temporal-server-${VERSION}`),
    sqlTool: path.join(cacheFolder(), `temporal-sql-tool-${VERSION}`),
  };
  const find = async () => ({
    server: await firstUsable([...namesOnPath('temporal-server'), cached.server]),
    sqlTool: await firstUsable([...namesOnPath('temporal-sql-tool'), cached.sqlTool]),
  });
  const { server, sqlTool } = await find();
  if (server !== null && sqlTool !== null) return { server, sqlTool };
  await mkdir(cacheFolder(), { recursive: true });
  report(`Building Temporal's server ${VERSION} with Go: some minutes, this once …`);
  await buildWithGo({
    [`${MODULE}/server@v${VERSION}`]: cached.server,
    [`${MODULE}/tools/sql@v${VERSION}`]: cached.sqlTool,
  }).catch((error: unknown) => {
    throw new StrongroomError('E_UNAVAILABLE', "Temporal's full server is not here, and could not be built.", {
      next: 'Install temporal-server and temporal-sql-tool on the PATH, or Go 1.24 or newer.',
      cause: error,
    });
  });
  return cached;
}
