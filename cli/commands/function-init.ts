import { resolve } from 'node:path';
import { parseFunctionName } from '../../domain/ids.ts';
import { argument, defineCommand, option } from '../command.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'function init',
  summary: 'Make a folder with a function that runs, to start from',
  examples: ['strongroom function init my-classifier', 'strongroom function init my-classifier --out functions/first'],
  arguments: { name: argument("The function's name", parseFunctionName) },
  options: { out: option('FOLDER', 'The folder to make (default: the name)', parsePath) },
  async run({ arguments: { name }, options }) {
    const { writeFunctionTemplate } = await import('../function-template.ts');
    const folder = options.out ?? resolve(name);
    const files = await writeFunctionTemplate(folder, name);
    return {
      data: { name, folder, files },
      ids: [folder],
      lines: [
        `${folder} holds ${files.join(', ')}.`,
        `Put your work into app.ts, then run: strongroom function checksum ${options.out ?? name}`,
      ],
    };
  },
});
