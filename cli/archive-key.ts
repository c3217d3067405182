/** The key file of the archive commands. */
import { unlink } from 'node:fs/promises';
import type { ModelKey } from '../crypto/model-key.ts';
import { requiredOption } from './command.ts';
import type { Context } from './context.ts';
import { parsePath } from './values.ts';

export const keyFileOption = requiredOption('FILE', 'The key: text, read to its first newline as gpg does', parsePath);

/** Opens the key for `work` and overwrites it in memory afterwards; what is odd about the file is said. */
export async function withKey<Result>(
  context: Context,
  file: string,
  work: (key: ModelKey) => Promise<Result>,
): Promise<Result> {
  const { readModelKey } = await import('../crypto/model-key.ts');
  using key = await readModelKey(file);
  for (const warning of key.warnings) context.output.note(`Note on ${file}: ${warning.message}`);
  return await work(key);
}

/** Makes a key file for `work`; where the work fails nothing depends on the key, and it is removed. */
export async function withNewKey<Result>(file: string, work: (key: ModelKey) => Promise<Result>): Promise<Result> {
  const { createModelKey } = await import('../crypto/model-key.ts');
  using key = await createModelKey(file);
  try {
    return await work(key);
  } catch (error) {
    await unlink(file);
    throw error;
  }
}
