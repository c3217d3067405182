/** A function as it is named on a command line. */
import type { Schema } from '../client/platform.ts';
import { parseFunctionRef } from '../domain/function-ref.ts';
import type { Context } from './context.ts';

/** Whether the text could name a function; what cannot is a file, as `document.cbor` and `./document` are. */
export function isFunctionName(text: string): boolean {
  try {
    parseFunctionRef(text);
    return true;
  } catch {
    return false;
  }
}

/** Fails with `E_INVALID_NAME` or `E_NOT_FOUND`. */
export async function findFunction(context: Context, text: string): Promise<Schema<'DeployedFunction'>> {
  const ref = parseFunctionRef(text);
  const platform = await context.platform();
  if (ref.kind === 'id') return platform.readFunction({ path: { id: ref.id } });
  const owner = ref.owner ?? (await context.session()).handle;
  const query = ref.version === null ? {} : { version: String(ref.version) };
  return platform.readFunctionByName({ path: { owner, name: ref.name }, query });
}
