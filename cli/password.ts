/** Passwords come from the person at the terminal or from a file; never from arguments or the environment. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { option } from './command.ts';
import { usage } from './usage.ts';
import type { Context } from './context.ts';

export const passwordFile = option('FILE', 'Read the password from the first line of a file; - is stdin');

/** The password, from `file`, or asked for without being shown. */
export async function readPassword(context: Context, file: string | undefined): Promise<string> {
  if (file === undefined) return context.prompt.secret({ text: 'Password:', insteadOf: '--password-file' });
  const content = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  return firstLine(content, file);
}

/** A new password: asked for twice, as what was typed cannot be seen. */
export async function readNewPassword(context: Context, file: string | undefined): Promise<string> {
  const password = await readPassword(context, file);
  if (file !== undefined) return password;
  const again = await context.prompt.secret({ text: 'Password, again:', insteadOf: '--password-file' });
  if (again === password) return password;
  throw usage('The two passwords are not the same.', 'Type the same password twice.');
}

function firstLine(content: string, file: string): string {
  const line = content.split(/\r?\n/)[0] ?? '';
  if (line !== '') return line;
  throw usage(`There is no password in ${file === '-' ? 'stdin' : file}.`, 'Write it on the first line.');
}
