/** Small functions for the tests, made from source text. */
import type { FunctionContent } from '../../crypto/function-bundle.ts';
import { encodeFunctionBundle, makeFunctionBundle } from '../../crypto/function-bundle.ts';

const file = (path: string, content: string | Uint8Array): FunctionContent => ({
  path,
  mode: '0644',
  content: Buffer.from(content),
});

export interface Made {
  /** Body of `handle(input, context)`; `text` is the input as text. */
  readonly body?: string;
  /** What stands before it. */
  readonly head?: string;
  readonly models?: Readonly<Record<string, Uint8Array>>;
  /** More lines of function.yaml. */
  readonly yaml?: string;
}

/** The bundle of a function with this handler. */
export function makeFunction({ body = 'return text;', head = '', models = {}, yaml = '' }: Made): Buffer {
  const names = Object.keys(models);
  const source = `${head}
export async function handle(input: Uint8Array, context: any): Promise<unknown> {
  const text = new TextDecoder().decode(input);
  ${body}
}
`;
  const config = `name: tried\nentry: app.ts\n${names.length > 0 ? `models: [${names.join(', ')}]\n` : ''}${yaml}`;
  const contents = Object.entries(models).map(([path, content]) => file(path, content));
  return encodeFunctionBundle(makeFunctionBundle([file('function.yaml', config), file('app.ts', source), ...contents]));
}
