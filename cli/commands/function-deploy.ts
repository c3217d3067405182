import { argument, defineCommand, flag } from '../command.ts';
import { connectStrongroom, enclaveTrust, trustStore } from '../enclave.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'function deploy',
  summary: 'Encrypt a function and deploy it into the enclave',
  examples: ['strongroom function deploy my-classifier', 'strongroom function deploy my-classifier --public'],
  details:
    'The folder is encrypted on this machine to a key that only attested runners of this very function are given. The ' +
    'same content again is quick; other content becomes the next version of its name.',
  arguments: { folder: argument('The folder with function.yaml', parsePath) },
  options: { public: flag('Let everyone with an account call it') },
  async run({ arguments: { folder }, options }, context) {
    const { readFunctionFolder } = await import('../../crypto/function-folder.ts');
    const { deployFunction } = await import('../../client/functions/deployment.ts');
    const bundle = await readFunctionFolder(folder, context.signal);
    const [home, { handle: owner }] = [await context.home(), await context.session()];
    const trust = await enclaveTrust(context, await connectStrongroom(context));
    const display = context.output.progress();
    const work = `function/${bundle.checksum}`;
    try {
      const { deployed, known } = await deployFunction({
        platform: await context.platform(),
        owner,
        bundle,
        trust,
        store: await trustStore(context),
        public: options.public,
        workFolder: await home.workFolder(work),
        signal: context.signal,
        onProgress: (progress) => {
          display.report(progress);
        },
      });
      display.erase();
      const alias = `${deployed.owner}/${deployed.name}`;
      return {
        data: { function: deployed, known },
        ids: [deployed.id],
        lines: [
          `Function ID ➜ ${deployed.id}`,
          `Function Checksum ➜ ${deployed.checksum}`,
          ...facts([
            ['Name', `${alias}@${deployed.version}`],
            ['Callable by', deployed.public ? 'everyone with an account' : 'you only'],
          ]),
          ...(known ? ['The same content was deployed already: nothing was uploaded.'] : []),
        ],
      };
    } finally {
      await home.removeWork(work);
    }
  },
});
