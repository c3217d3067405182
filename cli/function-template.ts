/** The function that `strongroom function init` makes: the files of `templates/function`, with its name filled in. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { FunctionName } from '../domain/ids.ts';

const TEMPLATE = join(import.meta.dirname, 'templates', 'function');

/** Makes the folder with its files, whole or not at all. Fails with `E_OUTPUT_EXISTS` where something is there. */
export async function writeFunctionTemplate(folder: string, name: FunctionName): Promise<readonly string[]> {
  await makeFolder(folder);
  try {
    const files = (await readdir(TEMPLATE)).sort();
    for (const file of files) {
      const text = await readFile(join(TEMPLATE, file), 'utf8');
      await writeFile(join(folder, file), text.replaceAll(/\bNAME\b/g, name), { flag: 'wx' });
    }
    return files;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    if (code === 'EEXIST') {
      throw new StrongroomError('E_OUTPUT_EXISTS', `${folder} cannot be made.`, {
        why: 'Something of that name is there already.',
        next: 'Choose another name, or another folder with --out.',
      });
    }
    throw new StrongroomError('E_FILE_NOT_FOUND', `${folder} cannot be made.`, {
      why: 'The folder above it is not there.',
    });
  }
}
