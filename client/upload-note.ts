/** The note beside a file of an upload that was begun: where it goes on after an interruption. */
import { rm } from 'node:fs/promises';
import { readJsonFile, writeJsonFile } from './private-files.ts';

export interface BegunUpload {
  readonly uploadUrl: string;
  /** Bytes that it may have, where it was begun before its length was known. */
  readonly atMost: number | null;
}

const noteOf = (file: string) => `${file}.upload.json`;

export const recallUpload = (file: string): Promise<BegunUpload | null> =>
  readJsonFile<BegunUpload | null>(noteOf(file), null);

export const rememberUpload = (file: string, begun: BegunUpload): Promise<void> => writeJsonFile(noteOf(file), begun);

export const forgetUpload = (file: string): Promise<void> => rm(noteOf(file), { force: true });
